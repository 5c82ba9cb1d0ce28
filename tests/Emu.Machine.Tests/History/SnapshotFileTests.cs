using Xunit;

namespace Emu.Machine.Tests;

public sealed class SnapshotFileTests : IDisposable
{
    private readonly string path = Path.Combine(Path.GetTempPath(), $"emu-snapshot-{Guid.NewGuid():n}{SnapshotFile.Extension}");

    [Fact]
    public void A_saved_machine_goes_on_from_its_file_as_it_would_have_without()
    {
        using BusyGuest guest = new(processors: 2);
        guest.Machine.RunInstructions(123_456);
        SnapshotFile.Save(guest.Machine, path);
        string there = guest.Digest();
        guest.Machine.RunInstructions(100_000);
        string later = guest.Digest();
        SnapshotFile.Load(guest.Machine, path);
        Assert.Equal(there, guest.Digest());
        guest.Machine.RunInstructions(100_000);
        Assert.Equal(later, guest.Digest());
        using BusyGuest other = new(processors: 2);
        SnapshotFile.Load(other.Machine, path);
        Assert.Equal(there, other.Digest());
        other.Machine.RunInstructions(100_000);
        Assert.Equal(later, other.Digest());
    }

    [Fact]
    public void A_damaged_foreign_or_missing_file_is_refused_in_one_line()
    {
        using BusyGuest guest = new();
        guest.Machine.RunInstructions(10_000);
        SnapshotFile.Save(guest.Machine, path);
        byte[] good = File.ReadAllBytes(path);
        string before = guest.Digest();
        Random random = new(1);
        for (int i = 0; i < 60; i++)
        {
            byte[] bad = i % 3 == 0 ? good[..random.Next(good.Length)] : [.. good];
            if (i % 3 != 0) bad[i % 3 == 1 ? random.Next(28) : random.Next(good.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(path, bad);
            SnapshotException e = Assert.Throws<SnapshotException>(() => SnapshotFile.Load(guest.Machine, path));
            Assert.DoesNotContain('\n', e.Message);
            Assert.Equal(before, guest.Digest());
        }

        Assert.Contains("no such snapshot", Assert.Throws<SnapshotException>(() => SnapshotFile.Load(guest.Machine, path + ".none/x")).Message, StringComparison.Ordinal);
        File.WriteAllBytes(path, good);
        using BusyGuest pair = new(processors: 2);
        Assert.Contains("of another machine", Assert.Throws<SnapshotException>(() => SnapshotFile.Load(pair.Machine, path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_cannot_be_written_leaves_nothing_half_written_behind()
    {
        using BusyGuest guest = new();
        guest.Machine.RunInstructions(10_000);
        // A folder cannot be replaced by the file.
        Directory.CreateDirectory(path);
        try
        {
            SnapshotException e = Assert.Throws<SnapshotException>(() => SnapshotFile.Save(guest.Machine, path));
            Assert.StartsWith($"{path}: the snapshot cannot be written: ", e.Message, StringComparison.Ordinal);
            Assert.Equal([path], Directory.GetFileSystemEntries(Path.GetTempPath(), Path.GetFileName(path) + "*"));
        }
        finally
        {
            Directory.Delete(path);
        }
    }

    [Fact]
    public void A_recorded_run_is_replayed_to_the_same_state_with_the_same_output()
    {
        string digest, output;
        Position end;
        using (BusyGuest recorded = new(remembers: false, recording: new RecordingConfiguration { Path = path }))
        {
            for (int i = 0; i < 20; i++)
            {
                recorded.Machine.RunInstructions(9_000);
                recorded.Line.Inject($"{i}");
                recorded.Machine.Board.Keyboard.SetKey(Devices.Input.KeyCode.A, i % 2 == 0);
            }

            recorded.Machine.RunInstructions(5_000);
            end = recorded.Machine.Position;
            digest = recorded.Digest();
            output = recorded.Line.Text;
        }

        Assert.NotEmpty(output);
        using BusyGuest replayed = new(remembers: false, recording: new RecordingConfiguration { Path = path, Replays = true });
        replayed.Machine.Board.Keyboard.SetKey(Devices.Input.KeyCode.B, true);
        Assert.True(replayed.Machine.RunUntil(() => replayed.Machine.StopReason != StopReason.None, TimeSpan.FromMinutes(1)));
        Assert.Equal(StopReason.ReplayEnd, replayed.Machine.StopReason);
        Assert.Equal(end, replayed.Machine.Position);
        Assert.Equal(digest, replayed.Digest());
        Assert.Equal(output, replayed.Line.Text);
    }

    public void Dispose() => File.Delete(path);
}

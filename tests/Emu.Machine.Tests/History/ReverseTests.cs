using Emu.Cpu;
using Xunit;

namespace Emu.Machine.Tests;

public sealed unsafe class ReverseTests
{
    private const ulong Length = 200_000;

    private static BusyGuest Guest(int processors = 1)
    {
        BusyGuest guest = new(processors, new HistoryConfiguration { CheckpointInterval = 30_000 });
        guest.Machine.RunInstructions(Length);
        guest.Machine.Pause();
        return guest;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Steps_forward_are_undone_by_steps_back_through_interrupts_and_exceptions(int processors)
    {
        using BusyGuest guest = Guest(processors);
        // To a place where an exception and an interrupt are not far.
        guest.History.GoTo(new Position(Length / 2));
        Stack<(Position Position, string Digest)> path = new();
        ulong deliveries = guest.Cpu.DeliveryCount;
        for (int i = 0; i < 300; i++)
        {
            path.Push((guest.Machine.Position, guest.Digest()));
            if (!Machine.CanRun(guest.Cpu)) guest.History.GoTo(new Position(guest.Machine.RetiredInstructions + 1));
            else guest.Machine.Debugger.Step(guest.Cpu, holdInterrupts: true);
        }

        Assert.True(processors > 1 || guest.Cpu.DeliveryCount > deliveries);
        while (path.Count > 200)
        {
            (Position position, string digest) = path.Pop();
            guest.History.GoTo(position);
            Assert.Equal(digest, guest.Digest());
        }

        for (int i = 0; i < 20; i++)
        {
            Position now = guest.Machine.Position;
            Assert.True(guest.History.ReverseStep(guest.Cpu));
            Assert.True(guest.Machine.Position < now);
            guest.Machine.Debugger.Step(guest.Cpu, holdInterrupts: true);
            // What other processors did since is undone as well.
            Assert.True(guest.Machine.Position <= now);
            Assert.True(processors > 1 || (guest.Machine.Position.Instructions, guest.Machine.Position.Deliveries) == (now.Instructions, now.Deliveries));
            Assert.True(guest.History.ReverseStep(guest.Cpu));
        }
    }

    [Fact]
    public void Running_backwards_stops_at_each_breakpoint_that_was_passed_on_the_way_forward()
    {
        using BusyGuest guest = new(history: new HistoryConfiguration { CheckpointInterval = 10_000 });
        List<Position> passed = [];
        guest.Machine.Debugger.Points.Add(new Breakpoint(0x3400));
        guest.Machine.Debugger.Filter = stop =>
        {
            passed.Add(guest.Machine.Position);
            return false;
        };
        guest.Machine.RunInstructions(60_000);
        guest.Machine.Pause();
        Assert.True(passed.Count > 3);
        for (int i = passed.Count - 1; i >= Math.Max(0, passed.Count - 10); i--)
        {
            DebugStop? stop = guest.History.ReverseContinue();
            Assert.Equal(DebugStopReason.Breakpoint, stop?.Reason);
            Assert.Equal(passed[i], guest.Machine.Position);
            Assert.Equal(0x3400u, guest.Cpu.State->Rip);
        }

        guest.Machine.Debugger.Points.Remove(guest.Machine.Debugger.Points.Breakpoints[0]);
        Assert.Null(guest.History.ReverseContinue());
        Assert.Equal(guest.History.Start, guest.Machine.Position);
    }

    [Fact]
    public void The_last_write_to_memory_is_found_and_has_not_happened_yet()
    {
        using BusyGuest guest = Guest();
        uint present = (uint)guest.Machine.Board.Memory.Space.Read(0x2024, 4);
        Assert.Same(guest.Cpu, guest.History.LastWriteTo(0x2024, 4));
        Assert.Equal(present - 1, guest.Machine.Board.Memory.Space.Read(0x2024, 4));
        Position before = guest.Machine.Position;
        guest.Machine.Debugger.Step(guest.Cpu, holdInterrupts: true);
        Assert.Equal(present, guest.Machine.Board.Memory.Space.Read(0x2024, 4));
        Assert.Equal(before.Instructions + 1, guest.Machine.RetiredInstructions);
        Assert.Null(guest.History.LastWriteTo(0x7F000, 4));
    }

    [Fact]
    public void A_change_by_hand_in_the_past_begins_another_future()
    {
        using BusyGuest guest = Guest();
        guest.History.GoTo(new Position(50_000));
        string old = guest.Digest();
        guest.Machine.Board.Memory.Space.Write(0x2000, 4, 0x1000);
        guest.History.NoteChange();
        Assert.False(guest.History.InPast);
        string changed = guest.Digest();
        guest.Machine.Continue();
        guest.Machine.RunInstructions(40_000);
        guest.Machine.Pause();
        Position end = guest.Machine.Position;
        string digest = guest.Digest();
        guest.History.GoTo(new Position(40_000));
        guest.History.GoTo(end);
        Assert.Equal(digest, guest.Digest());
        guest.History.GoTo(new Position(50_000));
        Assert.Equal(changed, guest.Digest());
        Assert.NotEqual(old, changed);
        // Once more over the change, without a checkpoint behind it in the way.
        guest.History.GoTo(new Position(45_000));
        guest.Machine.Continue();
        guest.Machine.RunInstructions(end.Instructions - 45_000);
        Assert.Equal(digest, guest.Digest());
    }

    [Fact]
    public void Old_checkpoints_are_thinned_out_to_stay_within_the_memory_budget()
    {
        using BusyGuest guest = new(history: new HistoryConfiguration { CheckpointInterval = 2_000, MemoryBudget = 512 << 10 });
        Dictionary<ulong, string> digests = [];
        for (int i = 0; i < 50; i++)
        {
            guest.Machine.RunInstructions(5_000);
            digests.Add(guest.Machine.RetiredInstructions, guest.Digest());
        }

        guest.Machine.Pause();
        Assert.True(guest.History.MemoryUse <= 512 << 10);
        foreach ((ulong at, string digest) in digests.Reverse())
        {
            if (new Position(at) < guest.History.Start) break;
            guest.History.GoTo(new Position(at));
            Assert.Equal(digest, guest.Digest());
        }
    }
}

using Emu.Cpu;
using Emu.Mmu;
using Xunit;

namespace Emu.Machine.Tests;

/// <summary>Everything that makes up the state of a machine, part by part.</summary>
internal static class MachineParts
{
    /// <summary>Clock, devices, processors and pages of memory that are not empty.</summary>
    public static Dictionary<string, string> Of(Machine machine)
    {
        Dictionary<string, string> parts = [];
        void Add(string name, Action<BinaryWriter> save)
        {
            using MemoryStream stream = new();
            using BinaryWriter writer = new(stream);
            save(writer);
            parts.Add(name, Convert.ToHexString(stream.ToArray()));
        }

        Add("clock", machine.Clock.SaveState);
        Add("machine", machine.SaveState);
        foreach (Devices.ISnapshotable device in machine.Board.Snapshotables) Add(device.GetType().Name + parts.Count, device.SaveState);
        foreach (Vcpu cpu in machine.Board.Processors) Add($"cpu{cpu.ApicId}", cpu.SaveState);
        foreach (GuestRam block in machine.Board.GuestMemory.Blocks)
        {
            for (int page = 0; page < block.Bytes.Length; page += GuestMemory.PageSize)
            {
                ReadOnlySpan<byte> bytes = block.Bytes.Slice(page, GuestMemory.PageSize);
                if (bytes.ContainsAnyExcept((byte)0)) parts.Add($"{block.Name}+{page:x}", Convert.ToHexString(bytes));
            }
        }

        return parts;
    }

    /// <summary>Fails with the name of the part that differs, and where.</summary>
    public static void AssertSame(Dictionary<string, string> expected, Dictionary<string, string> actual, ulong at)
    {
        foreach (string name in expected.Keys.Union(actual.Keys))
        {
            string? before = expected.GetValueOrDefault(name), now = actual.GetValueOrDefault(name);
            if (before == now) continue;
            int difference = before == null || now == null ? 0 : before.Zip(now).TakeWhile(p => p.First == p.Second).Count() / 2;
            Assert.Fail($"at instruction {at}, {name} is another one from byte {difference} on");
        }
    }
}

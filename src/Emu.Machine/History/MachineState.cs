using Emu.Cpu;

namespace Emu.Machine;

/// <summary>
/// Writes and reads the state of a machine between two instructions, all but guest memory and disks: clock and timers, devices, processors, and what
/// the machine itself has to remember.
/// </summary>
internal static class MachineState
{
    private const int Version = 1;

    /// <summary>Writes the state.</summary>
    public static void Save(Machine machine, BinaryWriter writer)
    {
        writer.Write(Version);
        machine.Clock.SaveState(writer);
        machine.SaveState(writer);
        machine.Board.SaveState(writer);
        foreach (Vcpu cpu in machine.Board.Processors) cpu.SaveState(writer);
    }

    /// <summary>The state as bytes.</summary>
    public static byte[] Save(Machine machine)
    {
        using MemoryStream stream = new();
        using (BinaryWriter writer = new(stream, System.Text.Encoding.UTF8, leaveOpen: true)) Save(machine, writer);
        return stream.ToArray();
    }

    /// <summary>Reads what <see cref="Save(Machine, BinaryWriter)"/> wrote. Memory and disks must be those of that moment already.</summary>
    /// <exception cref="InvalidDataException">It is the state of another machine, or damaged.</exception>
    public static void Load(Machine machine, BinaryReader reader)
    {
        int version = reader.ReadInt32();
        if (version != Version) throw new InvalidDataException($"The machine state has version {version}; this emulator reads version {Version}.");
        long[] deadlines = machine.Clock.BeginLoad(reader);
        machine.LoadState(reader);
        // Devices raise interrupts while they come back; the processors, loaded last, know which of them count.
        machine.Board.LoadState(reader);
        foreach (Vcpu cpu in machine.Board.Processors) cpu.LoadState(reader);
        machine.Clock.EndLoad(deadlines);
    }
}

using Emu.Machine;
using Emu.Stepper.Session;
using Xunit;

namespace Emu.Stepper.Tests;

public sealed class MachineTests
{
    [Fact]
    public void AFlatBinaryStartsInRealModeAt7C00()
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, [0xB8, 0x34, 0x12, 0xF4]); // mov ax, 1234h; hlt
        using StepperSession session = new(GuestProgram.FromFile(path, new ProgramOptions()));
        Assert.Equal(0x7C00u, session.InstructionPointer);
        session.Step();
        Assert.Equal(0x1234u, session.Evaluate("ax"));
        Stop stop = session.Continue();
        Assert.Equal(StopKind.Halted, stop.Kind);
        Assert.Contains("nothing can wake it", stop.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATripleFaultIsSaidWhereItHappens()
    {
        string path = Path.GetTempFileName();
        // lidt with limit 0, then int3: neither the exception nor the double fault has a handler.
        File.WriteAllBytes(path, [0x0F, 0x01, 0x1E, 0x08, 0x7C, 0xCC, 0x90, 0x90, 0, 0, 0, 0, 0, 0]);
        using StepperSession session = new(GuestProgram.FromFile(path, new ProgramOptions()));
        Assert.Equal(StopKind.Step, session.Step().Kind);
        Stop stop = session.Step();
        Assert.Equal(StopKind.TripleFault, stop.Kind);
        Assert.Contains("0x7c05", stop.Message, StringComparison.Ordinal);
        Assert.Contains("#GP, general protection, could not be delivered", stop.Message, StringComparison.Ordinal);
        Assert.Equal(StopKind.Step, session.StepBack().Kind);
    }

    [Fact]
    public void TheFirmwareOfAWholePcCanBeSteppedForwardAndBack()
    {
        if (!FirmwareFiles.HasBios) return;
        using StepperSession session = new(GuestProgram.FromMachine(new MachineConfiguration { Memory = 64 << 20 }, "pc"));
        Assert.StartsWith("jmp", session.Text.Format(session.Next), StringComparison.Ordinal);
        session.RunCount(500);
        ulong there = session.InstructionPointer;
        ulong position = session.Position;
        session.StepBack();
        Assert.Equal(position - 1, session.Position);
        session.Step();
        Assert.Equal(there, session.InstructionPointer);
    }
}

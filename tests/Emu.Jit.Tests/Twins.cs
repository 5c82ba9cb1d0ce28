using Emu.Cpu;
using Emu.Cpu.Tests;
using Iced.Intel;
using Xunit;

namespace Emu.Jit.Tests;

/// <summary>The same test machine twice, interpreted and with every block translated the second time it runs: whatever they do, they must agree to the last bit.</summary>
internal sealed unsafe class Twins<TMachine> : IDisposable
    where TMachine : IDisposable
{
    private const int RamChecked = 0x200000;

    private readonly Func<TMachine, TestMachine> testMachine;

    /// <summary>Builds both.</summary>
    public Twins(Func<TMachine> make, Func<TMachine, TestMachine> testMachine)
    {
        this.testMachine = testMachine;
        Interpreted = make();
        Translated = make();
        Translator = Translator.Attach(Of(Translated).Cpu.Code, new TranslatorOptions { Threshold = 2, Synchronous = true });
    }

    public TMachine Interpreted { get; }

    public TMachine Translated { get; }

    public Translator Translator { get; }

    /// <summary>State of the translated one.</summary>
    public CpuState* State => Of(Translated).State;

    public TestMachine Machine => Of(Translated);

    private TestMachine Of(TMachine machine) => testMachine(machine);

    /// <summary>Does something to both.</summary>
    public void Both(Action<TMachine> action)
    {
        action(Interpreted);
        action(Translated);
    }

    /// <summary>Runs both for a number of instructions at most, and compares.</summary>
    public void Run(long instructions)
    {
        Both(m => Of(m).Cpu.Run(instructions));
        Compare();
    }

    /// <summary>Runs both until they halt, and compares; translated code must have had a part in it.</summary>
    public void Run()
    {
        Both(m => Of(m).Run(1_000_000));
        Compare();
        Assert.True(Translator.RegionsCompiled > 0, "nothing was translated");
    }

    /// <summary>Holds registers, counters and memory of both against each other.</summary>
    public void Compare()
    {
        Vcpu left = Of(Interpreted).Cpu, right = Of(Translated).Cpu;
        for (int i = 0; i < 16; i++) Assert.True(left.State->Gpr[i] == right.State->Gpr[i], $"register {i}: {left.State->Gpr[i]:x} interpreted, {right.State->Gpr[i]:x} translated");
        Assert.Equal($"{left.State->Rip:x}", $"{right.State->Rip:x}");
        Assert.Equal($"{left.State->Eflags:x}", $"{right.State->Eflags:x}");
        Assert.Equal(left.InstructionCount, right.InstructionCount);
        Assert.True(Image(left).AsSpan().SequenceEqual(Image(right)), "another register differs");
        byte[] one = new byte[RamChecked], other = new byte[RamChecked];
        Of(Interpreted).Space.Read(0, one);
        Of(Translated).Space.Read(0, other);
        int at = one.AsSpan().CommonPrefixLength(other);
        Assert.True(at == one.Length, $"memory differs at {at:x}");
    }

    private static byte[] Image(Vcpu cpu)
    {
        using MemoryStream stream = new();
        using (BinaryWriter writer = new(stream)) cpu.SaveState(writer);
        return stream.ToArray();
    }

    public void Dispose()
    {
        Interpreted.Dispose();
        Translated.Dispose();
    }
}

/// <summary>Makes twins.</summary>
internal static class Twins
{
    /// <summary>In 64-bit mode, to run a program.</summary>
    public static Twins<LongMachine> Long(Action<Assembler>? program = null, string model = "max")
    {
        Twins<LongMachine> twins = new(() => new LongMachine(model), static m => m.Machine);
        if (program != null) twins.Both(m => m.Machine.Assemble(LongMachine.Code, 64, program));
        return twins;
    }

    /// <summary>In 32-bit protected mode.</summary>
    public static Twins<ProtectedMachine> Protected(Action<Assembler> program)
    {
        Twins<ProtectedMachine> twins = new(static () => new ProtectedMachine(), static m => m.Machine);
        twins.Both(m => m.Machine.Assemble(ProtectedMachine.Code, 32, program));
        return twins;
    }

    /// <summary>Assembles a loop: ECX times, as RCX.</summary>
    public static void Loop(this Assembler c, int times, Action<Assembler> body)
    {
        Label top = c.CreateLabel();
        c.mov(AssemblerRegisters.ecx, times);
        c.Label(ref top);
        body(c);
        c.dec(AssemblerRegisters.ecx);
        c.jne(top);
    }
}

using System.Runtime.InteropServices;
using Emu.Cpu.FloatingPoint;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Conformance.Transcendental;

/// <summary>Operands and results of one x87 instruction.</summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
public struct X87Case
{
    /// <summary>Size of a case in memory.</summary>
    public const int SizeInBytes = 64;

    private const int St1Offset = 16, TopOffset = 32, NextOffset = 48, ControlOffset = 12, StatusOffset = 14;

    /// <summary>ST(0) before.</summary>
    [FieldOffset(0)] public Float80 St0;

    /// <summary>ST(1) before.</summary>
    [FieldOffset(St1Offset)] public Float80 St1;

    /// <summary>ST(0) after.</summary>
    [FieldOffset(TopOffset)] public Float80 Top;

    /// <summary>ST(1) after.</summary>
    [FieldOffset(NextOffset)] public Float80 Next;

    /// <summary>Control word; the exceptions are masked.</summary>
    [FieldOffset(ControlOffset)] public ushort Control;

    /// <summary>Status word after.</summary>
    [FieldOffset(StatusOffset)] public ushort Status;

    /// <summary>Assembles a loop over cases at RDI, RSI of them.</summary>
    /// <param name="instruction">What is done with each.</param>
    /// <param name="end">How the loop ends.</param>
    /// <param name="address">Where it will lie.</param>
    internal static byte[] Loop(Action<Assembler> instruction, Action<Assembler> end, ulong address)
    {
        var c = new Assembler(64);
        Label loop = c.CreateLabel();
        c.Label(ref loop);
        c.fninit();
        c.fldcw(__word_ptr[rdi + ControlOffset]);
        c.fld(__tbyte_ptr[rdi + St1Offset]);
        c.fld(__tbyte_ptr[rdi]);
        instruction(c);
        c.fnstsw(__word_ptr[rdi + StatusOffset]);
        c.fstp(__tbyte_ptr[rdi + TopOffset]);
        c.fstp(__tbyte_ptr[rdi + NextOffset]);
        c.add(rdi, SizeInBytes);
        c.dec(rsi);
        c.jne(loop);
        end(c);
        using var stream = new MemoryStream();
        c.Assemble(new StreamCodeWriter(stream), address);
        return stream.ToArray();
    }
}

/// <summary>Something that has an x87 unit.</summary>
public interface IX87Unit : IDisposable
{
    /// <summary>Runs an instruction over cases.</summary>
    void Run(TranscendentalFunction function, Span<X87Case> cases);
}

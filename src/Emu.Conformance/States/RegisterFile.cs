using System.Globalization;
using Emu.Conformance.Cases;

namespace Emu.Conformance.States;

/// <summary>Registers of an emulated processor by name.</summary>
internal static unsafe class RegisterFile
{
    private static readonly string[] Gpr64 = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];
    private static readonly string[] Gpr32 = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
    private static readonly string[] Gpr16 = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"];
    private static readonly string[] Segments = ["es", "cs", "ss", "ds", "fs", "gs"];
    private const int VectorHalf = 16;

    /// <summary>The name of a segment register by its number.</summary>
    public static string SegmentName(int index) => Segments[index];

    /// <summary>The value as the bytes of the register.</summary>
    /// <exception cref="StateTestException">There is no such register.</exception>
    public static byte[] Read(MachineState* state, string name)
    {
        (nint address, int size) = Locate(state, name = Normalize(name));
        var value = new byte[size];
        new ReadOnlySpan<byte>((void*)address, Math.Min(size, VectorHalf)).CopyTo(value);
        if (size == 2 * VectorHalf) UpperHalf(state, name).CopyTo(value.AsSpan(VectorHalf));
        return value;
    }

    /// <summary>Sets a register from a number text.</summary>
    /// <exception cref="StateTestException">There is no such register, or it cannot hold that number.</exception>
    public static void Write(MachineState* state, string name, string text)
    {
        byte[] value = Parse(name, text);
        (nint address, _) = Locate(state, name = Normalize(name));
        value.AsSpan(0, Math.Min(value.Length, VectorHalf)).CopyTo(new Span<byte>((void*)address, Math.Min(value.Length, VectorHalf)));
        if (value.Length == 2 * VectorHalf) value.AsSpan(VectorHalf).CopyTo(UpperHalf(state, name));
        if (name.StartsWith("mm", StringComparison.Ordinal) || name.StartsWith("st", StringComparison.Ordinal)) MarkUsed(state, name);
    }

    /// <summary>The bytes a number text stands for, as many as the register has.</summary>
    /// <exception cref="StateTestException">There is no such register, or it cannot hold that number.</exception>
    public static byte[] Parse(string name, string text)
    {
        MachineState any = default;
        (_, int size) = Locate(&any, Normalize(name));
        if (text is null) throw new StateTestException($"register {name} has no value");
        byte[] digits = StateNumbers.Parse(text, size * 8, $"register {name}").ToByteArray(isUnsigned: true);
        Array.Resize(ref digits, size);
        return digits;
    }

    private static string Normalize(string name) => name.ToLowerInvariant();

    private static Span<byte> UpperHalf(MachineState* state, string name) =>
        new(state->Xsave + MachineState.YmmhOffset + Index(name, "ymm", 16) * VectorHalf, VectorHalf);

    // Writing an x87 or MMX register makes it valid.
    private static void MarkUsed(MachineState* state, string name)
    {
        int top = state->Fsw >> 11 & 7;
        int physical = name[0] == 'm' ? Index(name, "mm", 8) : Index(name, "st", 8) + top & 7;
        state->Ftw |= (byte)(1 << physical);
        if (name[0] != 'm') return;
        (nint address, _) = Locate(state, name);
        *(ushort*)(address + 8) = 0xFFFF;
    }

    private static (nint Address, int Size) Locate(MachineState* s, string name)
    {
        int index;
        if ((index = Array.IndexOf(Gpr64, name)) >= 0) return ((nint)(s->Gpr + index), 8);
        if ((index = Array.IndexOf(Gpr32, name)) >= 0) return ((nint)(s->Gpr + index), 4);
        if ((index = Array.IndexOf(Gpr16, name)) >= 0) return ((nint)(s->Gpr + index), 2);
        if ((index = Array.IndexOf(Segments, name)) >= 0) return ((nint)(s->Segments + index), 2);
        byte* image = s->Xsave;
        int top = s->Fsw >> 11 & 7;
        switch (name)
        {
            case "rip": return ((nint)(&s->Rip), 8);
            case "eip": return ((nint)(&s->Rip), 4);
            case "ip": return ((nint)(&s->Rip), 2);
            case "rflags" or "eflags" or "flags": return ((nint)(&s->Rflags), 4);
            case "fsbase": return ((nint)(&s->FsBase), 8);
            case "gsbase": return ((nint)(&s->GsBase), 8);
            case "mxcsr": return ((nint)(&s->Mxcsr), 4);
            case "fcw": return ((nint)(&s->Fcw), 2);
            case "fsw": return ((nint)(&s->Fsw), 2);
            case "ftw": return ((nint)(&s->Ftw), 1);
        }
        if (name.StartsWith("xmm", StringComparison.Ordinal)) return ((nint)(image + MachineState.XmmOffset + Index(name, "xmm", 16) * 16), 16);
        if (name.StartsWith("ymm", StringComparison.Ordinal)) return ((nint)(image + MachineState.XmmOffset + Index(name, "ymm", 16) * VectorHalf), 2 * VectorHalf);
        // The image holds the x87 registers by their distance from the top; MMn is physical register n.
        if (name.StartsWith("mm", StringComparison.Ordinal)) return ((nint)(image + MachineState.StOffset + (Index(name, "mm", 8) - top & 7) * 16), 8);
        if (name.StartsWith("st", StringComparison.Ordinal)) return ((nint)(image + MachineState.StOffset + Index(name, "st", 8) * 16), 10);
        throw new StateTestException($"there is no register '{name}'; docs/state-tests.md lists them");
    }

    private static int Index(string name, string prefix, int count) =>
        int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < count
            ? number : throw new StateTestException($"there is no register '{name}'; docs/state-tests.md lists them");
}

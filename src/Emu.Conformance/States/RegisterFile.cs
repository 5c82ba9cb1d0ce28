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

    /// <summary>The value as the bytes of the register, or an exception that names it.</summary>
    public static byte[] Read(MachineState* state, string name)
    {
        (nint address, int size) = Locate(state, name);
        if (name is "ftw") return [state->Ftw, 0];
        if (name.StartsWith("ymm", StringComparison.Ordinal))
        {
            int number = Index(name, "ymm", 16);
            byte[] value = new byte[32];
            new ReadOnlySpan<byte>(state->Xsave + MachineState.XmmOffset + number * 16, 16).CopyTo(value);
            new ReadOnlySpan<byte>(state->Xsave + MachineState.YmmhOffset + number * 16, 16).CopyTo(value.AsSpan(16));
            return value;
        }
        return new ReadOnlySpan<byte>((void*)address, size).ToArray();
    }

    /// <summary>Sets a register from a number text.</summary>
    public static void Write(MachineState* state, string name, string text, string where)
    {
        byte[] value = Parse(text, name, where);
        if (name.StartsWith("ymm", StringComparison.Ordinal))
        {
            int number = Index(name, "ymm", 16);
            value.AsSpan(0, 16).CopyTo(new Span<byte>(state->Xsave + MachineState.XmmOffset + number * 16, 16));
            value.AsSpan(16, 16).CopyTo(new Span<byte>(state->Xsave + MachineState.YmmhOffset + number * 16, 16));
            return;
        }
        (nint address, int size) = Locate(state, name);
        value.AsSpan(0, size).CopyTo(new Span<byte>((void*)address, size));
        if (name.StartsWith("mm", StringComparison.Ordinal) || name.StartsWith("st", StringComparison.Ordinal)) MarkUsed(state, name);
    }

    /// <summary>The bytes a number text stands for, as many as the register has.</summary>
    public static byte[] Parse(string text, string name, string where)
    {
        int size = name.StartsWith("ymm", StringComparison.Ordinal) ? 32 : 16;
        string digits = text.Replace("_", "", StringComparison.Ordinal);
        var value = new byte[32];
        if (size == 32 && digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && digits.Length > 34)
        {
            if (!UInt128.TryParse(digits.AsSpan(2, digits.Length - 34), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out UInt128 high))
                throw new StateTestException($"{where}: '{text}' is not a number");
            System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(value.AsSpan(16), high);
            digits = "0x" + digits[^32..];
        }
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128LittleEndian(value, StateTestReader.Number(digits, where));
        return value;
    }

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
        if (name.StartsWith("ymm", StringComparison.Ordinal)) return ((nint)(image + MachineState.XmmOffset + Index(name, "ymm", 16) * 16), 16);
        // The image holds the x87 registers by their distance from the top; MMn is physical register n.
        if (name.StartsWith("mm", StringComparison.Ordinal)) return ((nint)(image + MachineState.StOffset + (Index(name, "mm", 8) - top & 7) * 16), 8);
        if (name.StartsWith("st", StringComparison.Ordinal)) return ((nint)(image + MachineState.StOffset + Index(name, "st", 8) * 16), 10);
        throw new StateTestException($"there is no register '{name}'");
    }

    private static int Index(string name, string prefix, int count) =>
        int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < count
            ? number : throw new StateTestException($"there is no register '{name}'");
}

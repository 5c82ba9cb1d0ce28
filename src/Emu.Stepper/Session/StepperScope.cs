using Emu.Cpu;
using Emu.Debugging;
using Emu.Debugging.Monitor;
using Emu.Stepper.Loading;

namespace Emu.Stepper.Session;

/// <summary>Names in the stepper's expressions: registers with or without $, flags, labels; memory is linear.</summary>
public sealed unsafe class StepperScope(Vcpu cpu, SymbolTable symbols) : IExpressionScope
{
    private static readonly (string Name, uint Bit)[] Flags =
    [
        ("cf", Eflags.Cf), ("pf", Eflags.Pf), ("af", Eflags.Af), ("zf", Eflags.Zf), ("sf", Eflags.Sf), ("tf", Eflags.Tf),
        ("if", Eflags.If), ("df", Eflags.Df), ("of", Eflags.Of),
    ];

    /// <summary>The flag of a name, as a bit of EFLAGS; 0 for none.</summary>
    public static uint FlagBit(string name) => Array.Find(Flags, f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Bit;

    /// <inheritdoc/>
    public bool TryRegister(string name, out ulong value)
    {
        string lower = name.ToLowerInvariant();
        switch (lower)
        {
            // The monitor's SP is the whole register; a student's is the 16-bit one.
            case "sp":
                value = (ushort)cpu.State->Gpr[4];
                return true;
            case "spl" or "bpl" or "sil" or "dil":
                value = (byte)cpu.State->Gpr[lower switch { "spl" => 4, "bpl" => 5, "sil" => 6, _ => 7 }];
                return true;
            case "cpl":
                value = cpu.State->Cpl;
                return true;
            case "pc":
                value = GuestView.LinearInstructionPointer(cpu);
                return true;
        }

        if (FlagBit(lower) is var bit and not 0)
        {
            value = (cpu.State->Eflags & bit) != 0 ? 1u : 0;
            return true;
        }

        return RegisterNames.TryRead(cpu, lower, out value);
    }

    /// <inheritdoc/>
    public bool TryName(string name, out ulong value) => symbols.TryFind(name, out value) || TryRegister(name, out value);

    /// <inheritdoc/>
    public ulong? Read(ulong address, int size)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        size = size != 0 ? size : GuestView.CodeBits(cpu) / 8;
        return GuestView.ReadLinear(cpu, address, bytes[..size]) == size ? BitConverter.ToUInt64(bytes) : null;
    }

    /// <summary>Changes a register or flag; false if there is none of that name that can be changed.</summary>
    public bool TryWrite(string name, ulong value)
    {
        string lower = name.TrimStart('$').ToLowerInvariant();
        CpuState* s = cpu.State;
        if (FlagBit(lower) is var bit and not 0)
        {
            s->Eflags = value != 0 ? s->Eflags | bit : s->Eflags & ~bit;
            cpu.UpdateMode();
            return true;
        }

        if (Enum.TryParse(lower.ToUpperInvariant(), out Iced.Intel.Register register) && Iced.Intel.RegisterExtensions.IsGPR(register))
        {
            WriteGeneral(s, register, value);
            return true;
        }

        switch (lower)
        {
            case "rip" or "eip" or "ip" or "pc":
                s->Rip = cpu.MaskRip(value);
                return true;
            case "eflags" or "rflags" or "flags":
                s->Eflags = (uint)value;
                cpu.UpdateMode();
                return true;
            case "mxcsr":
                s->Mxcsr = (uint)value & 0xFFFF;
                return true;
            default:
                return false;
        }
    }

    private static void WriteGeneral(CpuState* s, Iced.Intel.Register register, ulong value)
    {
        if (register is >= Iced.Intel.Register.AH and <= Iced.Intel.Register.BH)
        {
            ref ulong whole = ref s->Gpr[register - Iced.Intel.Register.AH];
            whole = (whole & ~0xFF00ul) | ((value & 0xFF) << 8);
            return;
        }

        int number = Iced.Intel.RegisterExtensions.GetNumber(Iced.Intel.RegisterExtensions.GetFullRegister(register));
        int size = Iced.Intel.RegisterExtensions.GetSize(register);
        ulong mask = size == 8 ? ulong.MaxValue : (1ul << (8 * size)) - 1;
        s->Gpr[number] = size >= 4 ? value & mask : (s->Gpr[number] & ~mask) | (value & mask);
    }
}

using System.Globalization;
using Emu.Cpu;

namespace Emu.Debugging.Monitor;

/// <summary>Registers by the names of the manuals, for expressions.</summary>
public static unsafe class RegisterNames
{
    private static readonly string[] General = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"];

    /// <summary>Reads a register.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="name">Such as rax, eax, ax, r8d, rip, pc, sp, eflags, cs, cs.base, cr3, dr7, efer, xcr0, gdtr.</param>
    /// <param name="value">Its contents.</param>
    public static bool TryRead(Vcpu cpu, string name, out ulong value)
    {
        CpuState* s = cpu.State;
        name = name.ToLowerInvariant();
        value = 0;
        if (TryGeneral(s, name, out value)) return true;
        if (name is "eflags" or "rflags" or "flags")
        {
            value = s->Eflags;
            return true;
        }

        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Tr; i++)
        {
            string segment = i == SegmentIndex.Ldtr ? "ldt" : i.ToString().ToLowerInvariant();
            if (name == segment || name == segment + "_base")
            {
                value = name == segment ? s->Segment(i).Selector : s->Segment(i).Base;
                return true;
            }
        }

        ulong? found = name switch
        {
            "pc" or "rip" => s->Rip,
            "eip" => (uint)s->Rip,
            "ip" => (ushort)s->Rip,
            "sp" => s->Gpr[4],
            "fp" => s->Gpr[5],
            "cr0" => s->Cr0,
            "cr2" => s->Cr2,
            "cr3" => s->Cr3,
            "cr4" => s->Cr4,
            "cr8" => (ulong)(cpu.Apic.TaskPriority >> 4),
            "efer" => s->Efer,
            "xcr0" => s->Xcr0,
            "gdtr" or "gdt_base" => s->GdtBase,
            "idtr" or "idt_base" => s->IdtBase,
            "dr6" => s->Dr6,
            "dr7" => s->Dr7,
            "dr0" => s->Dr[0],
            "dr1" => s->Dr[1],
            "dr2" => s->Dr[2],
            "dr3" => s->Dr[3],
            "mxcsr" => s->Mxcsr,
            _ => null,
        };
        value = found ?? 0;
        return found != null;
    }

    private static bool TryGeneral(CpuState* s, string name, out ulong value)
    {
        value = 0;
        for (int i = 0; i < General.Length; i++)
        {
            string tail = General[i][1..];
            if (name == General[i]) value = s->Gpr[i];
            else if (name == "e" + tail) value = (uint)s->Gpr[i];
            else if (name == tail && name != "sp") value = (ushort)s->Gpr[i];
            else if (tail[1] == 'x' && name == $"{tail[0]}l") value = (byte)s->Gpr[i];
            else if (tail[1] == 'x' && name == $"{tail[0]}h") value = (byte)(s->Gpr[i] >> 8);
            else continue;
            return true;
        }

        if (name.Length < 2 || name[0] != 'r' || !char.IsAsciiDigit(name[1])) return false;
        string digits = name[1..].TrimEnd('d', 'w', 'b', 'l');
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is < 8 or > 15) return false;
        value = name[(1 + digits.Length)..] switch
        {
            "" => s->Gpr[number],
            "d" => (uint)s->Gpr[number],
            "w" => (ushort)s->Gpr[number],
            "b" or "l" => (byte)s->Gpr[number],
            _ => 0,
        };
        return name.Length - 1 - digits.Length <= 1;
    }
}

using System.Text;
using Emu.Cpu;
using Emu.Mmu;
using Iced.Intel;

namespace Emu.Machine;

/// <summary>Explains, on one screen, why a processor shut down.</summary>
public static unsafe class TripleFault
{
    /// <summary>Registers, the instruction at RIP, and the chain of exceptions that could not be delivered.</summary>
    public static string Describe(Vcpu cpu)
    {
        CpuState* s = cpu.State;
        StringBuilder text = new();
        text.AppendLine(Causes(cpu));
        text.AppendLine($"RIP={s->Rip:x16} RFLAGS={s->Eflags:x8} CPL={s->Cpl} CR0={s->Cr0:x8} CR2={s->Cr2:x16} CR3={s->Cr3:x16} CR4={s->Cr4:x8} EFER={s->Efer:x}");
        string[] names = ["RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI", "R8 ", "R9 ", "R10", "R11", "R12", "R13", "R14", "R15"];
        for (int i = 0; i < 16; i++) text.Append($"{names[i]}={s->Gpr[i]:x16}{((i & 3) == 3 ? "\n" : " ")}");
        for (SegmentIndex i = SegmentIndex.Es; i <= SegmentIndex.Tr; i++)
        {
            ref SegmentRegister segment = ref s->Segment(i);
            text.Append($"{i.ToString().ToUpperInvariant(),-4} {segment.Selector:x4} base={segment.Base:x16} limit={segment.Limit:x8} attributes={segment.Attributes:x4}\n");
        }

        text.AppendLine($"GDT base={s->GdtBase:x16} limit={s->GdtLimit:x4}   IDT base={s->IdtBase:x16} limit={s->IdtLimit:x4}");
        text.Append(Disassemble(cpu, 4));
        return text.ToString();
    }

    private static string Causes(Vcpu cpu) =>
        cpu.ShutdownCauses is [var first, var second, var third]
            ? $"Triple fault: {Name(first)} could not be delivered because of {Name(second)}; nor could the double fault after it, because of {Name(third)}."
            : "Triple fault: the processor could not deliver an exception, nor the double fault that followed.";

    private static string Name(in ExceptionInfo e)
    {
        string name = e.Vector switch
        {
            ExceptionVector.DivideError => "#DE", ExceptionVector.Debug => "#DB", ExceptionVector.Breakpoint => "#BP", ExceptionVector.Overflow => "#OF",
            ExceptionVector.BoundRange => "#BR", ExceptionVector.InvalidOpcode => "#UD", ExceptionVector.DeviceNotAvailable => "#NM", ExceptionVector.DoubleFault => "#DF",
            ExceptionVector.InvalidTss => "#TS", ExceptionVector.SegmentNotPresent => "#NP", ExceptionVector.StackFault => "#SS", ExceptionVector.GeneralProtection => "#GP",
            ExceptionVector.PageFault => "#PF", ExceptionVector.FloatingPoint => "#MF", ExceptionVector.AlignmentCheck => "#AC", ExceptionVector.MachineCheck => "#MC",
            _ => $"vector {e.Vector}",
        };
        string code = ExceptionVector.HasErrorCode(e.Vector) ? $", error code {e.ErrorCode:x}" : "";
        return e.Vector == ExceptionVector.PageFault ? $"{name} ({e.Vector}{code}, address {e.Address:x})" : $"{name} ({e.Vector}{code})";
    }

    /// <summary>The instructions at RIP.</summary>
    public static string Disassemble(Vcpu cpu, int count)
    {
        CpuState* s = cpu.State;
        byte[] code = new byte[15 * count];
        ulong linear = cpu.WrapLinear(s->Rip + ((s->Mode & CodeMode.Code64) != 0 ? 0 : s->Segment(SegmentIndex.Cs).Base));
        int length = 0;
        while (length < code.Length && cpu.Mmu.Probe(linear + (uint)length, AccessKind.Execute, AccessClass.Supervisor, out Translation t)
            && cpu.Memory.TryPeek(t.Physical, code.AsSpan(length, 1)))
        {
            length++;
        }

        if (length == 0) return "(no memory at RIP)\n";
        int bits = (s->Mode & CodeMode.Code64) != 0 ? 64 : (s->Mode & CodeMode.Code32) != 0 ? 32 : 16;
        Iced.Intel.Decoder decoder = Iced.Intel.Decoder.Create(bits, code.AsSpan(0, length).ToArray(), s->Rip);
        NasmFormatter formatter = new();
        StringOutput output = new();
        StringBuilder text = new();
        for (int i = 0; i < count && decoder.IP < s->Rip + (uint)length; i++)
        {
            Instruction instruction = decoder.Decode();
            formatter.Format(instruction, output);
            text.AppendLine($"  {instruction.IP:x16}  {output.ToStringAndReset()}");
        }

        return text.ToString();
    }
}

using System.Numerics;
using Emu.Cpu;
using Emu.Debugging;
using Emu.Mmu;
using Iced.Intel;

namespace Emu.Stepper.Explain;

/// <summary>Exceptions and interrupts in words: which, why, and where the handler is.</summary>
internal static unsafe class ExceptionAccount
{
    /// <summary>Name of a vector.</summary>
    public static string Name(byte vector) => vector switch
    {
        0 => "#DE, divide error",
        1 => "#DB, debug",
        2 => "NMI, non-maskable interrupt",
        3 => "#BP, breakpoint",
        4 => "#OF, overflow",
        5 => "#BR, bound range exceeded",
        6 => "#UD, invalid opcode",
        7 => "#NM, device not available",
        8 => "#DF, double fault",
        10 => "#TS, invalid TSS",
        11 => "#NP, segment not present",
        12 => "#SS, stack fault",
        13 => "#GP, general protection",
        14 => "#PF, page fault",
        16 => "#MF, x87 floating-point error",
        17 => "#AC, alignment check",
        18 => "#MC, machine check",
        19 => "#XM, SIMD floating-point exception",
        _ => "interrupt",
    };

    /// <summary>What happened and why.</summary>
    /// <param name="e">The event.</param>
    /// <param name="before">State when the instruction began.</param>
    /// <param name="instruction">The instruction.</param>
    /// <param name="memory">Its memory operands.</param>
    /// <param name="cpu">The processor, now at the handler.</param>
    public static IEnumerable<string> Describe(DeliveredEvent e, CpuState before, Instruction instruction, IReadOnlyList<MemoryOperand> memory, Vcpu cpu)
    {
        List<string> lines = [];
        if (e.External)
        {
            lines.Add($"a device interrupts: vector {e.Vector} (0x{e.Vector:x2}); the instruction at the top has not run yet");
        }
        else if (e.Software)
        {
            lines.Add($"software interrupt {e.Vector} (0x{e.Vector:x2}): the saved address is that of the next instruction");
        }
        else
        {
            string code = ExceptionVector.HasErrorCode(e.Vector) && (before.Cr0 & Cr0.Pe) != 0 ? $", error code {Numbers.Hex(e.ErrorCode)}" : "";
            lines.Add($"{Name(e.Vector)} (vector {e.Vector}){code}: {Reason(e, &before, instruction, memory, cpu)}");
        }

        lines.Add(Handler(e.Vector, &before, cpu));
        return lines;
    }

    /// <summary>Why a processor has shut down.</summary>
    public static string Shutdown(Vcpu cpu)
    {
        if (cpu.ShutdownCauses is not [var first, var second, var third]) return "an exception could not be delivered, nor the double fault after it";
        return $"{Name(first.Vector)}{Cause(first, cpu)}, could not be delivered because of {Name(second.Vector)}{Cause(second, cpu)}; nor could the double fault after it, because of {Name(third.Vector)}{Cause(third, cpu)}";
    }

    private static string Cause(in ExceptionInfo e, Vcpu cpu)
    {
        const uint inIdt = 2;
        if (e.Vector == ExceptionVector.PageFault) return $" ({PageFaultCode(e.ErrorCode)}, address {Numbers.Hex(e.Address)})";
        if (!ExceptionVector.HasErrorCode(e.Vector) || (e.ErrorCode & inIdt) == 0) return "";
        uint entry = e.ErrorCode >> 3, size = (cpu.State->Efer & Efer.Lma) != 0 ? 16u : 8;
        bool beyond = (entry * size) + size - 1 > cpu.State->IdtLimit;
        return beyond ? $" (the IDT, with limit {Numbers.Hex(cpu.State->IdtLimit)}, has no entry {entry})" : $" (entry {entry} of the IDT is not a present gate that may be used here)";
    }

    /// <summary>A page-fault error code in words (SDM Vol. 3A 4.7).</summary>
    public static string PageFaultCode(uint code)
    {
        string access = (code & 16) != 0 ? "an instruction fetch" : (code & 2) != 0 ? "a write" : "a read";
        string mode = (code & 4) != 0 ? "user" : "supervisor";
        string cause = (code & 8) != 0 ? "a reserved bit is set in a paging entry" : (code & 32) != 0 ? "the protection key forbids it" : (code & 1) != 0 ? "the page is there but its rights forbid it" : "no page is there";
        return $"{access} in {mode} mode, {cause}";
    }

    private static string Reason(DeliveredEvent e, CpuState* s, in Instruction instruction, IReadOnlyList<MemoryOperand> memory, Vcpu cpu) => e.Vector switch
    {
        ExceptionVector.DivideError => Division(s, instruction, memory),
        ExceptionVector.PageFault => $"{PageFaultCode(e.ErrorCode)}; CR2 = {Numbers.Hex(cpu.State->Cr2)} is the address",
        ExceptionVector.GeneralProtection or ExceptionVector.StackFault => Protection(e, s, instruction, memory),
        ExceptionVector.InvalidOpcode => instruction.IsInvalid ? "these bytes are no instruction" : Undefined(s, instruction),
        ExceptionVector.DeviceNotAvailable => "CR0.TS or CR0.EM is set: the operating system wants to be asked before floating-point or SSE instructions run",
        ExceptionVector.SegmentNotPresent => $"the segment of selector 0x{e.ErrorCode & 0xFFF8:x4} is marked not present",
        ExceptionVector.InvalidTss => $"the task state segment (selector 0x{e.ErrorCode & 0xFFF8:x4}) cannot be used",
        ExceptionVector.DoubleFault => "while one exception was being delivered another one happened: there is no usable handler for the first",
        ExceptionVector.AlignmentCheck => "the address is not a multiple of the operand's size, and alignment checks are on (CR0.AM, EFLAGS.AC, user mode)",
        ExceptionVector.BoundRange => "the index lies outside the bounds",
        ExceptionVector.Overflow => "OF was set",
        ExceptionVector.FloatingPoint => "an x87 exception is pending that the control word does not mask",
        ExceptionVector.SimdFloatingPoint => "an SSE exception happened that MXCSR does not mask",
        ExceptionVector.Debug => "a debug condition (single step, breakpoint register) was met",
        _ => "",
    };

    private static string Division(CpuState* s, in Instruction instruction, IReadOnlyList<MemoryOperand> memory)
    {
        if (instruction.Mnemonic == Mnemonic.Aam) return "division by zero";
        int size = instruction.GetOpKind(0) == OpKind.Register ? instruction.Op0Register.GetSize() : instruction.MemorySize.GetSize();
        byte[]? bytes = instruction.GetOpKind(0) == OpKind.Register ? RegisterFile.Read(*s, instruction.Op0Register) : memory.FirstOrDefault(m => m.Index == 0)?.Before;
        if (bytes == null) return "the division has no result";
        ulong divisor = Numbers.FromBytes(bytes);
        if (divisor == 0) return "division by zero";
        bool signed = instruction.Mnemonic == Mnemonic.Idiv;
        ulong low = size == 1 ? (byte)s->Gpr[0] : Numbers.Truncate(s->Gpr[0], size);
        ulong high = size == 1 ? (byte)(s->Gpr[0] >> 8) : Numbers.Truncate(s->Gpr[2], size);
        BigInteger dividend = ((signed ? (BigInteger)Numbers.Signed(high, size) : high) << (8 * size)) + low;
        BigInteger by = signed ? Numbers.Signed(divisor, size) : divisor;
        return $"{dividend} / {by} = {BigInteger.Divide(dividend, by)} does not fit in {8 * size} bits{(high != 0 && !signed ? " (is the upper half of the dividend meant to be zero?)" : "")}";
    }

    private static string Protection(DeliveredEvent e, CpuState* s, in Instruction instruction, IReadOnlyList<MemoryOperand> memory)
    {
        if ((e.ErrorCode & ~7u) != 0 && (e.ErrorCode & 2) == 0) return $"selector 0x{e.ErrorCode & 0xFFFC:x4} names a segment that may not be used in this way (type, privilege level or limit of the table)";
        if ((e.ErrorCode & 2) != 0) return $"entry {e.ErrorCode >> 3} of the interrupt table may not be used in this way (missing, wrong type or privilege level)";
        if (s->Cpl > 0 && instruction.IsPrivileged) return $"{instruction.Mnemonic.ToString().ToLowerInvariant()} is for privilege level 0 (for port instructions: up to IOPL {s->Iopl}); the program runs at level {s->Cpl}";
        foreach (MemoryOperand operand in memory)
        {
            if ((s->Mode & CodeMode.Code64) != 0)
            {
                if ((ulong)((long)(operand.Linear << 16) >> 16) != operand.Linear) return $"the address {Numbers.Hex(operand.Linear)} is not canonical (bits 63 to 47 must be alike)";
                if (operand.Size >= 16 && (operand.Linear & 15) != 0) return $"the address {Numbers.Hex(operand.Linear)} is not a multiple of {operand.Size}, as this instruction wants it";
                continue;
            }

            ref SegmentRegister segment = ref s->Segment(operand.Segment);
            string name = operand.Segment.ToString().ToLowerInvariant();
            if ((s->Mode & CodeMode.RealOrVirtual) == 0 && (segment.Selector & ~3) == 0) return $"{name} holds a null selector";
            ulong last = operand.Offset + (uint)Math.Max(1, operand.Size) - 1;
            if (operand.Offset < segment.Low || last > segment.High) return $"offset {Numbers.Hex(operand.Offset)} lies outside the limit {Numbers.Hex(segment.Limit)} of {name}";
            if ((s->Mode & CodeMode.RealOrVirtual) == 0 && operand.Writes && !segment.Writable) return $"segment {name} is not writable";
            if ((s->Mode & CodeMode.RealOrVirtual) == 0 && operand.Reads && !segment.Readable) return $"segment {name} is not readable";
        }

        return instruction.Mnemonic switch
        {
            Mnemonic.Rdmsr or Mnemonic.Wrmsr => $"MSR 0x{(uint)s->Gpr[1]:x} does not exist or does not take this value",
            Mnemonic.Mov when instruction.Op0Register.IsCR() => "the control register does not take this combination of bits",
            Mnemonic.Xsetbv => "XCR0 does not take this value",
            _ => "a rule of protection is broken",
        };
    }

    private static string Undefined(CpuState* s, in Instruction instruction)
    {
        if (instruction.Mnemonic is Mnemonic.Ud0 or Mnemonic.Ud1 or Mnemonic.Ud2) return "that is what this instruction is for";
        if (instruction.HasLockPrefix) return "LOCK is only for certain instructions with a memory destination";
        bool vector = instruction.CpuidFeatures.Any(f => f.ToString().StartsWith("AVX", StringComparison.Ordinal));
        if (vector && (s->Mode & CodeMode.Avx) == 0) return "AVX is not switched on (CR4.OSXSAVE and XCR0)";
        if (instruction.CpuidFeatures.Any(f => f.ToString().StartsWith("SSE", StringComparison.Ordinal)) && (s->Mode & CodeMode.Sse) == 0) return "SSE is not switched on (CR4.OSFXSR)";
        return (s->Mode & CodeMode.RealOrVirtual) != 0 ? "this instruction does not exist in real mode" : "this processor model does not have it, or not in this mode";
    }

    private static string Handler(byte vector, CpuState* s, Vcpu cpu)
    {
        if (cpu.State->Activity == ActivityState.Shutdown) return "there is no handler: triple fault, the processor shuts down";
        bool real = (s->Cr0 & Cr0.Pe) == 0;
        int entry = real ? 4 : s->IsLongMode ? 16 : 8;
        ulong at = s->IdtBase + (ulong)(vector * entry);
        string table = real ? "interrupt vector table" : "IDT";
        string target = (cpu.State->Mode & CodeMode.Code64) != 0 ? Numbers.Hex(cpu.State->Rip) : $"0x{cpu.State->Segment(SegmentIndex.Cs).Selector:x4}:{Numbers.Hex(cpu.State->Rip)}";
        Span<byte> probe = stackalloc byte[1];
        string readable = GuestView.ReadLinear(cpu, at, probe) == 1 ? "" : " (which cannot be read)";
        string level = cpu.State->Cpl != s->Cpl ? $", privilege level {s->Cpl} to {cpu.State->Cpl}, stack switched" : "";
        return $"handler from entry {vector} of the {table} at {Numbers.Hex(at)}{readable}: {target}{level}";
    }
}

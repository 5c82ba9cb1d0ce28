using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Debugging;

/// <summary>A processor and its memory as a debugger sees them: nothing it reads has side effects, and only memory can be written.</summary>
public static unsafe class GuestView
{
    private const ulong PageMask = 0xFFF;

    /// <summary>Linear address of the next instruction: RIP, plus the base of CS outside 64-bit mode.</summary>
    public static ulong LinearInstructionPointer(Vcpu cpu)
    {
        CpuState* s = cpu.State;
        return CodeBits(cpu) == 64 ? s->Rip : (uint)(s->Rip + s->Segment(SegmentIndex.Cs).Base);
    }

    /// <summary>Default operand size of the code being executed: 16, 32 or 64 bits.</summary>
    public static int CodeBits(Vcpu cpu) => (cpu.State->Mode & CodeMode.Code64) != 0 ? 64 : (cpu.State->Mode & CodeMode.Code32) != 0 ? 32 : 16;

    /// <summary>Translates a linear address with supervisor rights; false where nothing is mapped.</summary>
    public static bool TryTranslate(Vcpu cpu, ulong linear, out ulong physical)
    {
        bool mapped = cpu.Mmu.Probe(linear, AccessKind.Read, AccessClass.SupervisorAllowUser, out Translation translation);
        physical = translation.Physical;
        return mapped;
    }

    /// <summary>Reads linear memory; returns how many bytes from the start could be read.</summary>
    public static int ReadLinear(Vcpu cpu, ulong linear, Span<byte> destination)
    {
        int done = 0;
        while (done < destination.Length)
        {
            int chunk = Math.Min(destination.Length - done, 0x1000 - (int)((linear + (uint)done) & PageMask));
            if (!TryTranslate(cpu, linear + (uint)done, out ulong physical) || !cpu.Memory.TryPeek(physical, destination.Slice(done, chunk))) return done;
            done += chunk;
        }

        return done;
    }

    /// <summary>Writes linear memory, read-only pages and ROM included; false, and nothing written beyond the failing page, where no memory is.</summary>
    public static bool WriteLinear(Vcpu cpu, ulong linear, ReadOnlySpan<byte> source)
    {
        while (!source.IsEmpty)
        {
            int chunk = Math.Min(source.Length, 0x1000 - (int)(linear & PageMask));
            if (!TryTranslate(cpu, linear, out ulong physical) || !cpu.Memory.TryPoke(physical, source[..chunk])) return false;
            linear += (uint)chunk;
            source = source[chunk..];
        }

        return true;
    }
}

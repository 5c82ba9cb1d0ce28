using Emu.Conformance.Cases;

namespace Emu.Conformance.Generation;

/// <summary>Places a case's code, and ends it with the jump that leaves a native run.</summary>
public static unsafe class CodeLayout
{
    /// <summary>Chooses where the code goes: anywhere in the middle of the code pages, sometimes across a page boundary.</summary>
    public static void Place(CaseInput* input, ref Random64 random)
    {
        uint offset = (uint)(0x2000 + random.Below(0xB000));
        if (random.Percent(5)) offset = (offset & ~0xFFFu) + 0x1000 - (uint)random.Below(16);
        input->CodeAddress = TestMap.CodeBase + offset;
        input->State.Rip = input->Bits == 16 ? offset : input->CodeAddress;
    }

    /// <summary>Appends the ending jump to <paramref name="length"/> bytes of tested code.</summary>
    public static void Finish(CaseInput* input, int length)
    {
        input->TestedLength = (uint)length;
        input->EndRip = input->State.Rip + (uint)length;
        byte* end = input->Code + length;
        if (input->Bits == 64)
        {
            *end++ = 0xE9; // jmp rel32
            *(int*)end = (int)(TestMap.LandingBase - ((long)input->CodeAddress + length + 5));
            end += 4;
        }
        else
        {
            if (input->Bits == 16) *end++ = 0x66;
            *end++ = 0xEA; // jmp ptr16:32
            *(uint*)end = TestMap.LandingBase;
            *(ushort*)(end + 4) = TestMap.UserCode64;
            end += 6;
        }
        input->CodeLength = (uint)(end - input->Code);
    }

    /// <summary>A branch target in the code pages that is not inside the case's own code, as an offset into its code segment.</summary>
    public static ulong Target(CaseInput* input, int reach, ref Random64 random)
    {
        long own = (long)(input->CodeAddress - TestMap.CodeBase);
        long offset;
        do
        {
            offset = reach != 0 ? own + random.Below(2 * reach) - reach : random.Below((int)TestMap.CodeSize - 16);
        }
        while (offset > own - 16 && offset < own + 48);
        return (input->Bits == 16 ? 0u : TestMap.CodeBase) + (ulong)offset;
    }
}

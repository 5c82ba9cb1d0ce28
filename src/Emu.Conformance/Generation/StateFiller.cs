using System.Runtime.Intrinsics.X86;
using Emu.Conformance.Cases;

namespace Emu.Conformance.Generation;

/// <summary>Fills the registers and the memory window of a case with random and edge values.</summary>
internal static unsafe class StateFiller
{
    /// <summary>Status flags, TF aside: CF PF AF ZF SF OF DF.</summary>
    private const ulong FreeFlags = 0xCD5;
    private const int PoolBytes = 256;
    private const ulong AlwaysSet = 0x202, AlignmentCheck = 1 << 18, NestedTask = 1 << 14, Id = 1 << 21;

    private static ReadOnlySpan<ushort> DataSegments32 =>
        [TestMap.UserData, TestMap.Fs32, TestMap.Gs32, TestMap.ReadOnlyData, TestMap.ExpandDown, TestMap.SmallData, TestMap.Code32, 0];

    /// <summary>Fills everything; <paramref name="element"/> says what the vector registers and the memory hold.</summary>
    public static void Fill(CaseInput* input, ElementKind element, ref Random64 random)
    {
        FillGeneral(input, ref random);
        FillSegments(input, ref random);
        FillVectors(input, element, ref random);
        FillX87(input, element, ref random);
        FillMemory(input, element, ref random);
    }

    private static void FillGeneral(CaseInput* input, ref Random64 random)
    {
        ref MachineState state = ref input->State;
        int width = (int)input->Bits;
        int count = width == 64 ? 16 : 8;
        for (int i = 0; i < 16; i++)
        {
            if (i >= count) state.Gpr[i] = 0;
            else state.Gpr[i] = Value(ref random, width);
        }
        ulong flags = AlwaysSet | random.Next() & FreeFlags;
        if (random.Percent(2)) flags |= AlignmentCheck;
        if (random.Percent(4)) flags |= Id;
        if (random.Percent(2)) flags |= NestedTask;
        state.Rflags = flags & ~Native.HostModes.Current.LostFlags;

        static ulong Value(ref Random64 random, int width) => random.Below(8) switch
        {
            0 => EdgeValues.Integer(ref random, 8),
            1 => EdgeValues.Integer(ref random, 16),
            2 or 3 => EdgeValues.Integer(ref random, 32),
            _ when width == 64 => EdgeValues.Integer(ref random, 64),
            _ => (uint)EdgeValues.Integer(ref random, 32),
        };
    }

    private static void FillSegments(CaseInput* input, ref Random64 random)
    {
        ref MachineState state = ref input->State;
        (state.FsBase, state.GsBase) = (0, 0);
        switch (input->Bits)
        {
            case 64:
                state.Segments[0] = random.Percent(50) ? TestMap.UserData : (ushort)0;
                state.Segments[3] = random.Percent(50) ? TestMap.UserData : (ushort)0;
                (state.Segments[1], state.Segments[2], state.Segments[4], state.Segments[5]) = (TestMap.UserCode64, TestMap.UserData, 0, 0);
                if (Native.NativeHost.HasFsGsBase) (state.FsBase, state.GsBase) = (Base(ref random), Base(ref random));
                break;
            case 32:
                state.Segments[1] = random.Percent(80) ? TestMap.UserCode32 : random.Percent(50) ? TestMap.Code32 : TestMap.ExecuteOnly32;
                state.Segments[2] = TestMap.UserData;
                state.Segments[0] = random.Percent(90) ? TestMap.UserData : random.Pick(DataSegments32);
                state.Segments[3] = random.Percent(90) ? TestMap.UserData : random.Pick(DataSegments32);
                state.Segments[4] = random.Percent(95) ? TestMap.Fs32 : (ushort)0;
                state.Segments[5] = random.Percent(95) ? TestMap.Gs32 : (ushort)0;
                break;
            default:
                state.Segments[1] = TestMap.Code16;
                (state.Segments[0], state.Segments[2], state.Segments[3]) = (TestMap.Data16, TestMap.Data16, TestMap.Data16);
                (state.Segments[4], state.Segments[5]) = (TestMap.Fs32, TestMap.Gs32);
                break;
        }

        static ulong Base(ref Random64 random) => random.Below(4) switch
        {
            0 => 0,
            1 => TestMap.ReadWriteBase - (ulong)random.Below(0x1000),
            2 => random.Next() >> 36,
            _ => random.Next() >> 17,
        };
    }

    private static void FillVectors(CaseInput* input, ElementKind element, ref Random64 random)
    {
        byte* image = input->State.Xsave;
        int registers = input->Bits == 64 ? 16 : 8;
        var low = new Span<byte>(image + MachineState.XmmOffset, 256);
        var high = new Span<byte>(image + MachineState.YmmhOffset, 256);
        low.Clear();
        high.Clear();
        int bytes = registers * 16;
        if (element is ElementKind.Raw or ElementKind.Float80 or ElementKind.Bcd)
        {
            random.Fill(low[..bytes]);
            random.Fill(high[..bytes]);
        }
        else
        {
            // Registers draw from few values, so that equal ones meet.
            Span<byte> pool = stackalloc byte[PoolBytes];
            EdgeValues.Fill(pool, element, ref random);
            Scatter(low[..bytes], pool, ref random);
            Scatter(high[..bytes], pool, ref random);
        }
        input->State.Mxcsr = Mxcsr(ref random);
        *(uint*)(image + MachineState.MxcsrMaskOffset) = 0;
        new Span<byte>(image + MachineState.XstateBvOffset, 64).Clear();
        input->State.XstateBv = 7;
    }

    private static uint Mxcsr(ref Random64 random)
    {
        uint value = 0x1F80;
        if (random.Percent(60)) value |= (uint)random.Below(4) << 13;
        if (random.Percent(20)) value |= 1u << 15;
        if (random.Percent(20)) value |= 1u << 6;
        if (random.Percent(40)) value |= (uint)random.Below(64);
        if (random.Percent(12)) value &= ~((uint)random.Below(64) << 7);
        return value;
    }

    private static void FillX87(CaseInput* input, ElementKind element, ref Random64 random)
    {
        byte* image = input->State.Xsave;
        var stack = new Span<byte>(image + MachineState.StOffset, 128);
        stack.Clear();
        for (int i = 0; i < 8; i++)
        {
            Span<byte> register = stack.Slice(i * 16, 10);
            if (element is ElementKind.Raw or ElementKind.Int8 or ElementKind.Int16 or ElementKind.Int32 or ElementKind.Int64 && random.Percent(60))
            {
                // Also what MMX registers look like.
                EdgeValues.Fill(register[..8], element, ref random);
                if (element == ElementKind.Raw) random.Fill(register[..8]);
                register[8..].Fill(0xFF);
            }
            else EdgeValues.Fill(register, ElementKind.Float80, ref random);
        }

        int control = 0x37F;
        if (random.Percent(60)) control = control & ~0xF00 | random.Pick([0, 2, 3, 3]) << 8 | random.Below(4) << 10;
        if (random.Percent(12)) control &= ~random.Below(64);
        int status = random.Below(8) << 11;
        if (random.Percent(40)) status |= random.Below(16) switch { var c => (c & 7) << 8 | (c & 8) << 11 };
        if (random.Percent(30))
        {
            int flags = random.Below(64);
            if (!random.Percent(5)) flags &= control;
            status |= flags;
            if ((flags & 1) != 0 && random.Percent(50)) status |= 0x40;
            if ((flags & ~control & 0x3F) != 0) status |= 0x8080;
        }
        input->State.Fcw = (ushort)control;
        input->State.Fsw = (ushort)status;
        input->State.Ftw = (byte)(random.Percent(65) ? 0xFF : random.Percent(20) ? 0 : random.Below(256));
        image[5] = 0;
        input->State.Fop = (ushort)random.Below(0x800);
        bool wide = input->Bits == 64;
        input->State.Fip = wide ? random.Next() >> 17 : (uint)random.Next();
        input->State.Fdp = wide ? random.Next() >> 17 : (uint)random.Next();
    }

    private static void FillMemory(CaseInput* input, ElementKind element, ref Random64 random)
    {
        var memory = new Span<byte>(input->Memory, (int)input->WindowLength);
        if (element == ElementKind.Raw || random.Percent(10))
        {
            random.Fill(memory);
            return;
        }
        Span<byte> pool = stackalloc byte[PoolBytes];
        EdgeValues.Fill(pool, element, ref random);
        if (element is ElementKind.Float80 or ElementKind.Bcd)
        {
            for (; memory.Length > 0; memory = memory[Math.Min(PoolBytes, memory.Length)..]) pool[..Math.Min(PoolBytes, memory.Length)].CopyTo(memory);
        }
        else Scatter(memory, pool, ref random);
    }

    // 16-byte pieces of the pool, and now and then one of random bytes.
    private static void Scatter(Span<byte> bytes, ReadOnlySpan<byte> pool, ref Random64 random)
    {
        ulong choices = 0;
        for (int i = 0; i < bytes.Length; i += 16)
        {
            if (i % 128 == 0) choices = random.Next();
            int choice = (int)choices & 0xFF;
            choices >>= 8;
            if (choice >= 240) random.Fill(bytes.Slice(i, 16));
            else pool.Slice((choice & (PoolBytes / 16 - 1)) * 16, 16).CopyTo(bytes[i..]);
        }
    }

    /// <summary>State components the host's XCR0 enables beyond x87, SSE and AVX: kept out of the tests.</summary>
    public static ulong ForeignComponents { get; } = HostComponents() & ~7UL;

    private static ulong HostComponents()
    {
        (int eax, _, _, int edx) = X86Base.CpuId(13, 0);
        return (uint)eax | (ulong)(uint)edx << 32;
    }
}

using Iced.Intel;
using Xunit;
using static Emu.Cpu.Tests.Integer.Reference;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.Integer;

public sealed unsafe class StringTests
{
    private const ulong Source = IntegerMachine.Data + 0x10_0000, Destination = IntegerMachine.Data + 0x18_0000;

    /// <summary>rep prefix, operand-size and REX.W prefixes, opcode.</summary>
    private static byte[] Encode(byte? repeat, int size, int bits, byte opcode)
    {
        List<byte> bytes = [];
        if (repeat != null) bytes.Add(repeat.Value);
        if (size == (bits == 16 ? 4 : 2)) bytes.Add(0x66);
        if (size == 8) bytes.Add(0x48);
        bytes.Add((byte)(size == 1 ? opcode : opcode + 1));
        return [.. bytes];
    }

    private static void Fill(IntegerMachine machine, ulong linear, int length)
    {
        Span<byte> memory = machine.Memory(linear, length);
        uint state = (uint)linear | 1;
        for (int i = 0; i < length; i++)
        {
            state = (state * 1_103_515_245) + 12_345;
            memory[i] = (byte)(state >> 16);
        }
    }

    public static TheoryData<int, int> SizesAndModes => new() { { 1, 32 }, { 2, 32 }, { 4, 32 }, { 1, 64 }, { 2, 64 }, { 4, 64 }, { 8, 64 } };

    [Theory]
    [MemberData(nameof(SizesAndModes))]
    public void Repeated_moves_equal_a_loop_over_elements_for_every_overlap(int size, int bits)
    {
        using IntegerMachine machine = new(bits);
        machine.Load(Encode(0xF3, size, bits, 0xA4));
        const int window = 0x8000;
        foreach (bool backward in new[] { false, true })
        {
            foreach (int count in new[] { 0, 1, 2, 3, 17, 500, 1025 })
            {
                foreach (int distance in new[] { 0x3000, 1, 2, 3, 5, 7, 8, 9, 13, 64, 100, -1, -2, -3, -7, -8, -9, -100, 0, 0x1000, -0x1000 })
                {
                    foreach (int misalignment in new[] { 0, 3, 0xFFD })
                    {
                        Fill(machine, Source, window);
                        byte[] expected = machine.Memory(Source, window).ToArray();
                        int from = 0x4000 + misalignment, to = from + distance;
                        int step = backward ? -size : size;
                        int first = Math.Min(from, to), last = Math.Max(from, to) + size;
                        if (first - (backward ? count * size : 0) < 0 || last + (backward ? 0 : count * size) > window) continue;
                        for (int i = 0; i < count; i++) expected[(from + (i * step))..(from + (i * step) + size)].CopyTo(expected, to + (i * step));
                        (machine[6], machine[7], machine[1]) = (Source + (uint)from, Source + (ulong)to, (uint)count);
                        machine.s->SystemFlags = backward ? Eflags.Df : 0;
                        machine.Run();
                        Assert.True(machine.Memory(Source, window).SequenceEqual(expected), $"count {count} distance {distance} at {misalignment:X} backward {backward}");
                        Assert.Equal(0u, machine[1]);
                        Assert.Equal(Source + (ulong)(from + (count * step)), machine[6]);
                        Assert.Equal(Source + (ulong)(to + (count * step)), machine[7]);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(SizesAndModes))]
    public void Repeated_stores_and_loads_touch_exactly_their_elements(int size, int bits)
    {
        using IntegerMachine machine = new(bits);
        foreach (bool backward in new[] { false, true })
        {
            foreach (int count in new[] { 0, 1, 5, 1000, 2049 })
            {
                foreach (int offset in new[] { 0, 1, 0xFFF, 0xFFE })
                {
                    machine.Load(Encode(0xF3, size, bits, 0xAA));
                    Fill(machine, Destination, 0xC000);
                    byte[] expected = machine.Memory(Destination, 0xC000).ToArray();
                    int at = 0x5000 + offset, step = backward ? -size : size;
                    const ulong value = 0x1122_3344_5566_7788;
                    for (int i = 0; i < count; i++) BitConverter.GetBytes(value)[..size].CopyTo(expected, at + (i * step));
                    (machine[0], machine[7], machine[1]) = (value, Destination + (uint)at, (uint)count);
                    machine.s->SystemFlags = backward ? Eflags.Df : 0;
                    machine.Run();
                    Assert.True(machine.Memory(Destination, 0xC000).SequenceEqual(expected));
                    Assert.Equal(Destination + (ulong)(at + (count * step)), machine[7]);

                    machine.Load(Encode(0xF3, size, bits, 0xAC));
                    Fill(machine, Destination, 0xC000);
                    (machine[0], machine[6], machine[1]) = (value, Destination + (uint)at, (uint)count);
                    machine.Run();
                    ulong last = count == 0 ? value : BitConverter.ToUInt64([.. machine.Memory(Destination + (ulong)(at + ((count - 1) * step)), size), 0, 0, 0, 0, 0, 0, 0, 0]);
                    Assert.Equal(count == 0 ? value : Registers.Merge(value, last, size * 8), machine[0]);
                    Assert.Equal(Destination + (ulong)(at + (count * step)), machine[6]);
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(SizesAndModes))]
    public void Comparisons_stop_at_the_deciding_element_with_its_flags(int size, int bits)
    {
        using IntegerMachine machine = new(bits);
        foreach (bool scan in new[] { false, true })
        {
            foreach (byte prefix in new byte[] { 0xF3, 0xF2 })
            {
                foreach (bool backward in new[] { false, true })
                {
                    foreach (int offset in new[] { 0, 1, 0xFFD })
                    {
                        foreach (int stop in new[] { 0, 1, 2, 31, 32, 33, 700, 4095, 99_999 })
                        {
                            const int count = 3000;
                            machine.Load(Encode(prefix, size, bits, scan ? (byte)0xAE : (byte)0xA6));
                            ulong area = Destination;
                            bool untilDifferent = prefix == 0xF3;
                            // Everything equal (or different), one element the other way.
                            machine.Memory(area, 0x1_0000).Fill(untilDifferent ? (byte)0x55 : (byte)0x77);
                            machine.Memory(Source, 0x1_0000).Fill(0x55);
                            ulong start = 0x7000 + (ulong)offset;
                            long step = backward ? -size : size;
                            if (stop < count) machine.Memory((ulong)((long)(area + start) + (stop * step)), size).Fill(untilDifferent ? (byte)0x99 : (byte)0x55);
                            (machine[0], machine[6], machine[7], machine[1]) = (0x5555_5555_5555_5555, Source + start, area + start, count);
                            machine.s->SystemFlags = backward ? Eflags.Df : 0;
                            machine.Run();
                            int done = stop < count ? stop + 1 : count;
                            Assert.Equal((uint)(count - done), machine[1]);
                            Assert.Equal((ulong)((long)(area + start) + (done * step)), machine[7]);
                            Assert.Equal(scan ? Source + start : (ulong)((long)(Source + start) + (done * step)), machine[6]);
                            bool equal = stop < count != untilDifferent;
                            ulong right = equal ? 0x5555_5555_5555_5555u : untilDifferent ? 0x9999_9999_9999_9999 : 0x7777_7777_7777_7777;
                            Assert.Equal(AddFlags(Wrap(0x5555_5555_5555_5555, size * 8), Wrap(right, size * 8), size * 8, true), machine.Flags);
                        }
                    }
                }
            }
        }
    }

    [Fact]
    public void Single_string_instructions_ignore_the_counter()
    {
        using IntegerMachine machine = new(64);
        machine.Load(a => { a.movsq(); a.stosd(); a.lodsb(); a.scasw(); a.cmpsb(); });
        machine.Memory(Source, 64).Fill(0xAB);
        (machine[0], machine[1], machine[6], machine[7]) = (0x1234_5678, 0, Source, Destination);
        machine.s->SystemFlags = 0;
        machine.Run();
        Assert.Equal(0u, machine[1]);
        Assert.Equal(Source + 10, machine[6]);
        Assert.Equal(Destination + 15, machine[7]);
        Assert.Equal(0x1234_56ABu, machine[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_fault_in_the_middle_leaves_exact_registers_and_restarts(bool backward)
    {
        using IntegerMachine machine = new(64);
        machine.Load(a => { a.nop(); a.nop(); a.rep.movsd(); });
        Fill(machine, Source, 0x4000);
        machine.Memory(Destination, 0x4000).Clear();
        ulong hole = Destination + (backward ? 0x1000u : 0x2000u);
        machine.Unmap(hole);
        ulong offset = backward ? 0x2FF0u : 0x1010u;
        (machine[6], machine[7], machine[1]) = (Source + offset, Destination + offset, 0x700);
        machine.s->SystemFlags = backward ? Eflags.Df : 0;
        machine.Flags = All;
        machine.Run();
        Assert.Equal(ExceptionVector.PageFault, machine.Fault);
        Assert.Equal(2u, machine.FaultOffset);
        uint done = backward ? 0xFF4u / 4 : 0xFF0u / 4;
        Assert.Equal(0x700u - done, machine[1]);
        Assert.Equal(backward ? hole + 0xFFC : hole, machine[7]);
        Assert.Equal(machine[7] - Destination, machine[6] - Source);
        Assert.Equal(All, machine.Flags);
        Assert.Equal(backward ? hole + 0xFFC : hole, machine.s->Cr2 == 0 ? machine.Cpu.PendingException.Address : machine.s->Cr2);

        machine.Map(hole);
        machine.s->SystemFlags = backward ? Eflags.Df : 0;
        machine.Run();
        Assert.Null(machine.Fault);
        Assert.Equal(0u, machine[1]);
        ulong lowest = backward ? offset + 4 - 0x1C00 : offset;
        Assert.True(machine.Memory(Source + lowest, 0x1C00).SequenceEqual(machine.Memory(Destination + lowest, 0x1C00)));
    }

    [Fact]
    public void A_fault_in_a_comparison_leaves_the_flags_of_the_last_one()
    {
        using IntegerMachine machine = new(64);
        machine.Load(a => a.repe.cmpsb());
        machine.Memory(Source, 0x2000).Fill(1);
        machine.Memory(Destination, 0x2000).Fill(1);
        machine.Unmap(Source + 0x1000);
        (machine[6], machine[7], machine[1]) = (Source + 0xFF0, Destination, 0x100);
        machine.Flags = Cf | Sf | Of;
        machine.Run();
        Assert.Equal(ExceptionVector.PageFault, machine.Fault);
        Assert.Equal(0xF0u, machine[1]);
        Assert.Equal(Zf | Pf, machine.Flags);
    }

    [Fact]
    public void Sixteen_bit_indices_wrap_inside_the_segment()
    {
        using IntegerMachine machine = new(16);
        machine.Load(a => a.rep.movsb());
        Fill(machine, IntegerMachine.RealDs, 0x1_0000);
        byte[] source = machine.Memory(IntegerMachine.RealDs, 0x1_0000).ToArray();
        byte[] expected = machine.Memory(IntegerMachine.RealEs, 0x1_0000).ToArray();
        for (uint i = 0; i < 0x300; i++) expected[(ushort)(0xFE80 + i)] = source[(ushort)(0xFF00 + i)];
        (machine[6], machine[7], machine[1]) = (0xAAAA_FF00, 0xBBBB_FE80, 0xCCCC_0300);
        machine.Run();
        Assert.True(machine.Memory(IntegerMachine.RealEs, 0x1_0000).SequenceEqual(expected));
        Assert.Equal((0xAAAA_0200ul, 0xBBBB_0180ul, 0xCCCC_0000ul), (machine[6], machine[7], machine[1]));
    }

    [Fact]
    public void A_word_across_the_end_of_a_real_mode_segment_faults_after_the_words_before_it()
    {
        using IntegerMachine machine = new(16);
        machine.Load(a => a.rep.stosw());
        (machine[0], machine[7], machine[1]) = (0x1234, 0xFFF9, 10);
        machine.Run();
        Assert.Equal(ExceptionVector.GeneralProtection, machine.Fault);
        Assert.Equal((0xFFFFul, 7ul), (machine[7], machine[1]));
    }

    [Fact]
    public void Segment_limits_and_overrides_apply_to_every_element()
    {
        using IntegerMachine machine = new(32);
        machine.SetSegment(SegmentIndex.Fs, 16, Source, 0x17FF, 0x4093);
        machine.Load([0x64, 0xF3, 0xA4]);
        Fill(machine, Source, 0x2000);
        (machine[6], machine[7], machine[1]) = (0x700, Destination, 0x1200);
        machine.Run();
        Assert.Equal(ExceptionVector.GeneralProtection, machine.Fault);
        Assert.Equal((0x1800ul, Destination + 0x1100, 0x100ul), (machine[6], machine[7], machine[1]));
        Assert.True(machine.Memory(Source + 0x700, 0x1100).SequenceEqual(machine.Memory(Destination, 0x1100)));
    }

    [Fact]
    public void A_32_bit_address_size_in_64_bit_code_clears_the_upper_halves_only_if_something_moves()
    {
        using IntegerMachine machine = new(64);
        machine.Load([0x67, 0xF3, 0xAA]);
        foreach (uint count in new[] { 0u, 3u })
        {
            (machine[7], machine[1]) = (0x7777_7777_0000_0000ul | Destination, 0x1111_1111_0000_0000ul | count);
            machine.Run();
            Assert.Null(machine.Fault);
            Assert.Equal(count == 0 ? 0x7777_7777_0000_0000 | Destination : Destination + 3, machine[7]);
            Assert.Equal(count == 0 ? 0x1111_1111_0000_0000ul : 0ul, machine[1]);
        }
    }

    [Fact]
    public void Repeated_stores_over_code_take_effect()
    {
        using IntegerMachine machine = new(64);
        // Overwrites the instructions behind it: mov eax, 1 becomes nops.
        machine.Load(a => { a.rep.stosb(); a.mov(ecx, 1); a.nop(); });
        (machine[0], machine[7], machine[1]) = (0x90, IntegerMachine.CodeBase + 2, 5);
        machine.Run();
        Assert.Equal(0u, machine[1]);
    }

    [Fact]
    public void A_long_repetition_lets_a_request_to_exit_in()
    {
        using IntegerMachine machine = new(64);
        // The first byte goes to a device, which asks for the processor's attention.
        machine.AddDevice(Source, machine.Cpu.RequestExit);
        machine.Load(a => { a.nop(); a.rep.stosb(); });
        (machine[0], machine[7], machine[1]) = (0x33, Source, 0x4_0000);
        Assert.Equal(2, machine.RunOnce());
        Assert.InRange(machine[1], 1u, 0x3_FFFFu);
        Assert.Equal(0x4_0000 - machine[1], machine[7] - Source);
        Assert.Equal(IntegerMachine.CodeBase + 1, machine.s->Rip);
        machine.Resume();
        Assert.Equal(0u, machine[1]);
        Assert.Equal(-1, machine.Memory(Source + 0x1000, 0x3_F000).IndexOfAnyExcept((byte)0x33));
    }
}

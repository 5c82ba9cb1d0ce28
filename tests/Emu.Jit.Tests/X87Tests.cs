using Emu.Cpu.Tests;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>x87 instructions performed by the host's unit, against the interpreter: registers (those that are empty too), tags, status, pointers.</summary>
public sealed class X87Tests
{
    private const ulong Data = 0x180000;
    private const int Slots = 32, SlotSize = 16;

    private static readonly AssemblerRegisterST[] Registers = [st0, st1, st2, st3, st4, st5, st6, st7];

    [Theory]
    [InlineData(0x37F, 60)]
    [InlineData(0x27F, 20)]
    [InlineData(0x07F, 20)]
    [InlineData(0xF7F, 20)]
    [InlineData(0x77F, 20)]
    [InlineData(0x37E, 20)]
    [InlineData(0x340, 20)]
    public void Whatever_runs_on_the_hosts_unit_does_what_the_interpreter_does(int control, int seeds)
    {
        for (int seed = 0; seed < seeds; seed++)
        {
            int number = seed;
            using Twins<LongMachine> twins = Twins.Long(c =>
            {
                Random random = new(number);
                // Exceptions may be unmasked, and then reported.
                c.fninit();
                c.mov(ebx, (int)Data);
                c.mov(__dword_ptr[rbx - 16], control);
                c.fldcw(__word_ptr[rbx - 16]);
                c.Loop(6, c =>
                {
                    int depth = 0;
                    for (int i = 0; i < 60; i++) Random(c, random, ref depth);
                });
                c.hlt();
            });
            Random values = new(seed);
            byte[] data = new byte[Slots * SlotSize];
            for (int slot = 0; slot < Slots; slot++) FillSlot(data.AsSpan(slot * SlotSize, SlotSize), values);
            twins.Both(m => m.Machine.Space.Write(Data, data));
            twins.Run(100_000);
            Assert.True(twins.Translator.RegionsCompiled > 0 || control == 0x340 || control == 0x37E, "nothing was translated");
        }
    }

    [Fact]
    public void A_program_that_unmasks_an_exception_in_the_middle_is_told_where_it_came_up()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            c.fninit();
            c.mov(ebx, (int)Data);
            c.mov(__dword_ptr[rbx], 0x37B);
            c.Loop(20, static c =>
            {
                c.fld1();
                c.fldz();
                c.fdivp(st1, st0);
                c.fstp(__qword_ptr[rbx + 8]);
                c.fldcw(__word_ptr[rbx]);
            });
            c.hlt();
        });
        twins.Run(1000);
    }

    [Fact]
    public void Registers_a_run_leaves_empty_keep_what_they_held()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            c.fninit();
            c.mov(ebx, (int)Data);
            c.Loop(20, static c =>
            {
                c.fld1();
                c.fldpi();
                c.fadd(st1, st0);
                c.fmulp(st1, st0);
                c.fstp(__tword_ptr[rbx]);
                c.fld(__tword_ptr[rbx]);
                c.fistp(__qword_ptr[rbx + 32]);
            });
            c.hlt();
        });
        twins.Run();
        Assert.Equal(13, (long)twins.Interpreted.Machine.Space.Read(Data + 32, 8));
    }

    private static void FillSlot(Span<byte> slot, Random random)
    {
        random.NextBytes(slot);
        switch (random.Next(8))
        {
            case 0: BitConverter.TryWriteBytes(slot, (float)((random.NextDouble() * 20) - 10)); break;
            case 1: BitConverter.TryWriteBytes(slot, (random.NextDouble() * 2000) - 1000); break;
            case 2: BitConverter.TryWriteBytes(slot, (long)random.Next(-1000, 1000)); break;
            case 3: BitConverter.TryWriteBytes(slot, random.Next(2) == 0 ? double.PositiveInfinity : double.NaN); break;
            case 4: BitConverter.TryWriteBytes(slot, BitConverter.Int64BitsToDouble(random.NextInt64(1L << 52))); break;
            case 5: slot.Clear(); break;
            case 6:
                // A normal number of 80 bits.
                slot[7] |= 0x80;
                BitConverter.TryWriteBytes(slot[8..], (ushort)(0x3FFF + random.Next(-40, 40)));
                break;
        }
    }

    /// <summary>Some instruction; mostly one that finds its registers full or empty as it needs them.</summary>
    private static void Random(Assembler c, Random random, ref int depth)
    {
        bool careless = random.Next(60) == 0;
        int i = depth > 0 && !careless ? random.Next(depth) : random.Next(8);
        AssemblerRegisterST st = Registers[i];
        AssemblerMemoryOperand at = __[rbx + (SlotSize * random.Next(Slots))];
        if (depth == 0 && !careless || depth < 7 && random.Next(4) == 0)
        {
            Push(c, random, at, st, depth);
            depth++;
            return;
        }

        switch (random.Next(16))
        {
            case 0: Arithmetic(c, random.Next(6), st); break;
            case 1: ArithmeticTo(c, random.Next(6), st); break;
            case 2: ArithmeticMemory(c, random.Next(6), random.Next(4), at); break;
            case 3 when depth > 1:
                ArithmeticPop(c, random.Next(6), st);
                depth--;
                break;
            case 4: c.fxch(st0, st); break;
            case 5: c.fst(st); break;
            case 6:
                c.fstp(st);
                depth--;
                break;
            case 7:
                StorePop(c, random.Next(8), at);
                depth--;
                break;
            case 8: Store(c, random.Next(4), at); break;
            case 9: Unary(c, random.Next(5)); break;
            case 10: Compare(c, random.Next(8), st, at); break;
            case 11 when depth > 1:
                c.fucompp();
                depth -= 2;
                break;
            case 12:
                if (random.Next(2) == 0) c.fcomi(st0, st);
                else c.fucomi(st0, st);
                c.setb(dl);
                break;
            case 13:
                c.fucomip(st0, st);
                depth--;
                c.sete(dh);
                break;
            case 14: c.fnstsw(ax); break;
            case 15: Other(c, random.Next(11), at); break;
        }

        depth = Math.Clamp(depth, 0, 8);
    }

    private static void Push(Assembler c, Random random, AssemblerMemoryOperand at, AssemblerRegisterST st, int depth)
    {
        switch (random.Next(9))
        {
            case 0: c.fld1(); break;
            case 1: c.fldpi(); break;
            case 2: c.fld(At(c, at, 4)); break;
            case 3: c.fld(At(c, at, 8)); break;
            case 4: c.fld(At(c, at, 10)); break;
            case 5: c.fild(At(c, at, 2)); break;
            case 6: c.fild(At(c, at, 8)); break;
            case 7 when depth > 0: c.fld(st); break;
            default: c.fldl2e(); break;
        }
    }

    private static AssemblerMemoryOperand At(Assembler c, AssemblerMemoryOperand at, int size)
    {
        _ = c;
        AssemblerMemoryOperandFactory factory = size switch { 2 => __word_ptr, 4 => __dword_ptr, 8 => __qword_ptr, _ => __tword_ptr };
        return factory[rbx + at.Displacement];
    }

    private static void Arithmetic(Assembler c, int which, AssemblerRegisterST st)
    {
        switch (which)
        {
            case 0: c.fadd(st0, st); break;
            case 1: c.fsub(st0, st); break;
            case 2: c.fsubr(st0, st); break;
            case 3: c.fmul(st0, st); break;
            case 4: c.fdiv(st0, st); break;
            default: c.fdivr(st0, st); break;
        }
    }

    private static void ArithmeticTo(Assembler c, int which, AssemblerRegisterST st)
    {
        switch (which)
        {
            case 0: c.fadd(st, st0); break;
            case 1: c.fsub(st, st0); break;
            case 2: c.fsubr(st, st0); break;
            case 3: c.fmul(st, st0); break;
            case 4: c.fdiv(st, st0); break;
            default: c.fdivr(st, st0); break;
        }
    }

    private static void ArithmeticPop(Assembler c, int which, AssemblerRegisterST st)
    {
        switch (which)
        {
            case 0: c.faddp(st, st0); break;
            case 1: c.fsubp(st, st0); break;
            case 2: c.fsubrp(st, st0); break;
            case 3: c.fmulp(st, st0); break;
            case 4: c.fdivp(st, st0); break;
            default: c.fdivrp(st, st0); break;
        }
    }

    private static void ArithmeticMemory(Assembler c, int which, int kind, AssemblerMemoryOperand at)
    {
        AssemblerMemoryOperand operand = At(c, at, kind switch { 0 => 4, 1 => 8, 2 => 2, _ => 4 });
        switch (which, kind < 2)
        {
            case (0, true): c.fadd(operand); break;
            case (1, true): c.fsub(operand); break;
            case (2, true): c.fsubr(operand); break;
            case (3, true): c.fmul(operand); break;
            case (4, true): c.fdiv(operand); break;
            case (_, true): c.fdivr(operand); break;
            case (0, _): c.fiadd(operand); break;
            case (1, _): c.fisub(operand); break;
            case (2, _): c.fisubr(operand); break;
            case (3, _): c.fimul(operand); break;
            case (4, _): c.fidiv(operand); break;
            default: c.fidivr(operand); break;
        }
    }

    private static void Store(Assembler c, int which, AssemblerMemoryOperand at)
    {
        switch (which)
        {
            case 0: c.fst(At(c, at, 4)); break;
            case 1: c.fst(At(c, at, 8)); break;
            case 2: c.fist(At(c, at, 2)); break;
            default: c.fist(At(c, at, 4)); break;
        }
    }

    private static void StorePop(Assembler c, int which, AssemblerMemoryOperand at)
    {
        switch (which)
        {
            case 0: c.fstp(At(c, at, 4)); break;
            case 1: c.fstp(At(c, at, 8)); break;
            case 2: c.fstp(At(c, at, 10)); break;
            case 3: c.fistp(At(c, at, 2)); break;
            case 4: c.fistp(At(c, at, 4)); break;
            case 5: c.fistp(At(c, at, 8)); break;
            case 6: c.fisttp(At(c, at, 4)); break;
            default: c.fisttp(At(c, at, 8)); break;
        }
    }

    private static void Unary(Assembler c, int which)
    {
        switch (which)
        {
            case 0: c.fchs(); break;
            case 1: c.fabs(); break;
            case 2: c.fsqrt(); break;
            case 3: c.frndint(); break;
            default: c.ftst(); break;
        }
    }

    private static void Compare(Assembler c, int which, AssemblerRegisterST st, AssemblerMemoryOperand at)
    {
        switch (which)
        {
            case 0: c.fcom(st0, st); break;
            case 1: c.fucom(st0, st); break;
            case 2: c.fcom(At(c, at, 4)); break;
            case 3: c.fcom(At(c, at, 8)); break;
            case 4: c.ficom(At(c, at, 2)); break;
            case 5: c.ficom(At(c, at, 4)); break;
            default: c.fxam(); break;
        }
    }

    private static void Other(Assembler c, int which, AssemblerMemoryOperand at)
    {
        switch (which)
        {
            case 0: c.fnstcw(At(c, at, 2)); break;
            case 1: c.fnstsw(At(c, at, 2)); break;
            case 2: c.fnclex(); break;
            case 3: c.fincstp(); break;
            case 4: c.fcmovb(st0, st1); break;
            case 5: c.f2xm1(); break;
            case 8: c.fldcw(__word_ptr[rbx - 16]); break;
            case 9: c.ffree(st3); break;
            case 10: c.fdecstp(); break;
            case 6: c.add(__dword_ptr[rbx + at.Displacement], 1); break;
            default: c.nop(); break;
        }
    }
}

using Emu.Cpu;
using Emu.Cpu.Tests;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>16-bit code, and segments with bases and limits: translated code checks them itself, and leaves faults to the interpreter.</summary>
public sealed unsafe class SegmentTests
{
    private const uint CodeBase = 0x12340, DataBase = 0x30010, ExtraBase = 0x40000, StackBase = 0x58000, OtherBase = 0x70010, Handler = 0x900;
    private const ushort Entry = 0x120;

    private static readonly AssemblerRegister16[] Words = [ax, dx, bx, si, di, bp];
    private static readonly AssemblerRegister32[] Doublewords = [eax, edx, ebx, esi, edi, ebp];

    /// <summary>Ways to have segments.</summary>
    public enum Kind
    {
        Real,
        Virtual8086,
        Protected16,
        Protected32,
        Protected32WithSmallStack,
        FlatWithThreadSegment,
    }

    /// <summary>Kinds and seeds.</summary>
    public static TheoryData<Kind> Kinds => [.. Enum.GetValues<Kind>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Random_code_does_the_same_as_interpreted(Kind kind)
    {
        long compiled = 0, halted = 0;
        for (int seed = 0; seed < 30; seed++)
        {
            Random random = new((seed * 16) + (int)kind);
            using Twins<TestMachine> twins = Make(kind);
            twins.Both(m => Program(m, kind, new Random(seed)));
            // In portions, so that the budget ends anywhere.
            for (int portion = 0; portion < 200 && twins.State->Activity == ActivityState.Active; portion++) twins.Run(random.Next(1, 300));
            compiled += twins.Translator.RegionsCompiled;
            if (twins.State->Activity != ActivityState.Active) halted++;
        }

        Assert.True(compiled > 30, $"{compiled} regions");
        Assert.True(halted > 25, $"{halted} came to an end");
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Nearly_everything_is_performed_in_place(Kind kind)
    {
        using Twins<TestMachine> twins = Make(kind);
        bool wide = IsWide(kind);
        twins.Both(m => m.Assemble(CodeOf(kind) + Entry, wide ? 32 : 16, c =>
        {
            Label function = c.CreateLabel(), top = c.CreateLabel(), start = c.CreateLabel();
            c.jmp(start);
            c.Label(ref function);
            c.push(ax);
            c.add(__word_ptr.gs[0x20], cx);
            c.pop(ax);
            c.ret();
            c.Label(ref start);
            c.mov(ecx, 500);
            c.Label(ref top);
            c.call(function);
            if (wide) c.add(edx, __dword_ptr.cs[ebx + 0x8000]);
            else c.mov(dx, __word_ptr.cs[bx + si + 4]);
            c.loop(top);
            c.hlt();
        }, Entry));
        twins.Run(4000);
        Assert.True(twins.Translator.Statistics.Regions > 0);
        // HLT, in the regions of both.
        Assert.InRange(twins.Translator.Statistics.InstructionsCalled, 0, 2);
    }

    /// <summary>The same code, at first where it stays within its segment, then where RIP wraps.</summary>
    [Theory]
    [InlineData(0x1000)]
    [InlineData(0xFF00)]
    [InlineData(0xFFC0)]
    [InlineData(0xFFF0)]
    [InlineData(0xFFF8)]
    public void Translated_code_is_not_used_where_RIP_wraps(int offset)
    {
        using Twins<TestMachine> twins = Make(Kind.Real);
        const uint Linear = 0x20F00;
        void Go(uint ip)
        {
            twins.Both(m =>
            {
                m.SetSegment(SegmentIndex.Cs, 0, Linear - ip, 0xFFFF, 0x9B);
                m.State->Rip = ip;
                m.State->Gpr[1] = 30;
                m.State->Activity = ActivityState.Active;
                m.Cpu.UpdateMode();
            });
            twins.Run(400);
        }

        twins.Both(static m => m.Assemble(Linear, 16, static c =>
        {
            Label top = c.CreateLabel(), over = c.CreateLabel();
            c.Label(ref top);
            c.add(ax, cx);
            c.jc(over);
            c.inc(bx);
            c.add(__dword_ptr[si], eax);
            c.Label(ref over);
            c.nop();
            c.nop();
            c.loop(top);
            c.hlt();
        }, 0));
        // What the wrap leads to instead of the rest.
        twins.Both(static m => m.Load(Linear - 0xFFF0 - 0x10, 0xF4));
        Go(0x1000);
        Assert.True(twins.Translator.RegionsCompiled > 0);
        Go((uint)offset);
        Go(0x2000);
    }

    [Theory]
    [InlineData("jmp")]
    [InlineData("jne")]
    [InlineData("call")]
    [InlineData("ret")]
    [InlineData("jmp ax")]
    [InlineData("call ax")]
    [InlineData("loop")]
    [InlineData("on")]
    [InlineData("pop")]
    [InlineData("read")]
    [InlineData("expand-down")]
    [InlineData("write code")]
    [InlineData("read code")]
    [InlineData("null")]
    public void Limits_are_kept(string how)
    {
        using Twins<TestMachine> twins = Make(Kind.Protected16);
        twins.Both(m =>
        {
            m.SetSegment(SegmentIndex.Cs, 0x08, CodeBase, 0x17F, how == "read code" ? (ushort)0x99 : (ushort)0x9B);
            m.SetSegment(SegmentIndex.Es, 0x10, ExtraBase, 0xFF, 0x97);
            m.SetSegment(SegmentIndex.Ss, 0x10, StackBase, 0x7FFF, 0x93);
            if (how == "null") m.SetSegment(SegmentIndex.Fs, 0, 0, 0, 0);
            m.Cpu.UpdateMode();
            m.Assemble(CodeBase + Entry, 16, c =>
            {
                Label top = c.CreateLabel(), last = c.CreateLabel(), next = c.CreateLabel();
                c.mov(cx, (short)40);
                c.mov(bx, unchecked((short)0x8000));
                c.Label(ref top);
                c.inc(dx);
                c.add(__word_ptr[si], dx);
                c.cmp(cx, 8);
                c.je(last);
                c.Label(ref next);
                c.loop(top);
                c.hlt();
                c.Label(ref last);
                switch (how)
                {
                    case "jmp": c.jmp(0x17E + 2); break;
                    case "jne":
                        c.cmp(dx, 1);
                        c.jne(0x200);
                        break;
                    case "call": c.call(0x180); break;
                    case "ret":
                        c.push(0x180);
                        c.ret();
                        break;
                    case "jmp ax":
                        c.mov(ax, (short)0x180);
                        c.jmp(ax);
                        break;
                    case "call ax":
                        c.mov(ax, (short)0x180);
                        c.call(ax);
                        break;
                    case "loop": c.loop(0x180); break;
                    case "on": c.jmp(0x17F); break;
                    case "pop":
                        c.mov(sp, (short)0x7FFF);
                        c.pop(ax);
                        break;
                    case "read": c.mov(ax, __word_ptr[0xFFFF]); break;
                    case "expand-down":
                        c.mov(__word_ptr.es[0x100], ax);
                        c.mov(ax, __word_ptr.es[0xFF]);
                        break;
                    case "write code": c.mov(__word_ptr.cs[0x10], ax); break;
                    case "read code": c.mov(ax, __word_ptr.cs[0x10]); break;
                    case "null": c.mov(ax, __word_ptr.fs[0x10]); break;
                }

                c.jmp(next);
            }, Entry);
            m.Load(CodeBase + 0x17F, 0xF4);
        });
        twins.Run();
        Assert.Equal(how == "on", twins.State->Segment(SegmentIndex.Cs).Base == CodeBase);
    }

    private static bool IsWide(Kind kind) => kind is Kind.Protected32 or Kind.Protected32WithSmallStack or Kind.FlatWithThreadSegment;

    private static uint CodeOf(Kind kind) => kind == Kind.FlatWithThreadSegment ? 0 : CodeBase;

    private static Twins<TestMachine> Make(Kind kind)
    {
        Twins<TestMachine> twins = new(static () => new TestMachine(), static m => m);
        twins.Both(m => SetUp(m, kind));
        return twins;
    }

    private static void SetUp(TestMachine m, Kind kind)
    {
        CpuState* s = m.State;
        m.Load(Handler, 0xF4);
        if (kind == Kind.Real)
        {
            for (uint vector = 0; vector < 256; vector++) m.Poke(vector * 4, 4, Handler);
            s->IdtLimit = 0x3FF;
            foreach ((SegmentIndex index, uint at) in Bases) m.SetSegment(index, (ushort)(at >> 4), at, 0xFFFF, 0x93);
        }
        else
        {
            const ushort Kernel = 0x08, KernelData = 0x10;
            m.Poke(0x1000 + Kernel, 8, ProtectedMachine.Encode(0, 0xFFFFF, 0xC09B));
            m.Poke(0x1000 + KernelData, 8, ProtectedMachine.Encode(0, 0xFFFFF, 0xC093));
            for (uint vector = 0; vector < 256; vector++) m.Poke(0x2000 + (vector * 8), 8, ProtectedMachine.Gate(Kernel, Handler, 0x8E));
            m.Poke(0x3000 + 4, 4, 0x8000);
            m.Poke(0x3000 + 8, 4, KernelData);
            (s->GdtBase, s->GdtLimit, s->IdtBase, s->IdtLimit, s->Cr0) = (0x1000, 0xFF, 0x2000, 0x7FF, 0x11);
            m.SetSegment(SegmentIndex.Tr, 0x28, 0x3000, 0x67, 0x8B);
            bool wide = IsWide(kind), isVirtual = kind == Kind.Virtual8086;
            ushort level = isVirtual ? (ushort)0x60 : (ushort)0;
            ushort size = wide ? (ushort)0x4000 : (ushort)0;
            uint limit = wide ? 0x1FFFFu : 0xFFFFu;
            foreach ((SegmentIndex index, uint at) in Bases)
            {
                if (kind == Kind.FlatWithThreadSegment && index != SegmentIndex.Gs) m.SetSegment(index, KernelData, 0, uint.MaxValue, 0xC093);
                else m.SetSegment(index, isVirtual ? (ushort)(at >> 4) : KernelData, at, limit, (ushort)(level | size | 0x93));
            }

            m.SetSegment(SegmentIndex.Cs, isVirtual ? (ushort)(CodeBase >> 4) : Kernel, CodeOf(kind), kind == Kind.FlatWithThreadSegment ? uint.MaxValue : limit, (ushort)(level | size | (isVirtual ? 0x93 : 0x9B)));
            if (kind == Kind.Protected32WithSmallStack) m.SetSegment(SegmentIndex.Ss, KernelData, StackBase, 0xFFFF, 0x93);
            if (kind == Kind.Protected32) m.SetSegment(SegmentIndex.Ss, KernelData, StackBase, 0xFFF, 0x4097);
            if (isVirtual)
            {
                s->SystemFlags |= Eflags.Vm | Eflags.Iopl;
                s->Cpl = 3;
            }
        }

        if (kind == Kind.Real) m.SetSegment(SegmentIndex.Cs, (ushort)(CodeBase >> 4), CodeBase, 0xFFFF, 0x93);
        s->Gpr[4] = 0xDEAD_8000;
        if (IsWide(kind) && kind != Kind.Protected32WithSmallStack) s->Gpr[4] = kind == Kind.FlatWithThreadSegment ? 0x68000u : 0x8000u;
        s->Rip = Entry;
        m.Cpu.UpdatePaging();
        m.Cpu.UpdateMode();
    }

    private static readonly (SegmentIndex Index, uint Base)[] Bases =
        [(SegmentIndex.Ds, DataBase), (SegmentIndex.Es, ExtraBase), (SegmentIndex.Ss, StackBase), (SegmentIndex.Fs, OtherBase), (SegmentIndex.Gs, OtherBase + 0x120)];

    private static void Program(TestMachine m, Kind kind, Random random)
    {
        bool wide = IsWide(kind);
        m.Assemble(CodeOf(kind) + Entry, wide ? 32 : 16, c =>
        {
            Label start = c.CreateLabel(), near = c.CreateLabel(), far = c.CreateLabel(), top = c.CreateLabel(), end = c.CreateLabel();
            c.jmp(start);
            // One function of each operand size.
            c.Label(ref near);
            for (int i = 0; i < 5; i++) Random(c, random, wide, near: null, far: null);
            c.ret((short)0);
            c.Label(ref far);
            c.inc(ax);
            c.add(__word_ptr.es[0x44], ax);
            c.AddInstruction(Instruction.Create(wide ? Code.Retnw : Code.Retnd));
            c.Label(ref start);
            foreach (AssemblerRegister32 register in Doublewords) c.mov(register, random.Next(0x10000));
            c.mov(ecx, 12);
            c.Label(ref top);
            for (int i = 0; i < 45; i++) Random(c, random, wide, near, far);
            c.dec(cx);
            c.jz(end);
            c.jmp(top);
            c.Label(ref end);
            c.hlt();
        }, Entry);
    }

    private static void Pop(Assembler c, bool wide, AssemblerRegister32 doubleword, AssemblerRegister16 word)
    {
        if (wide) c.pop(doubleword);
        else c.pop(word);
    }

    private static void Random(Assembler c, Random random, bool wide, Label? near, Label? far)
    {
        AssemblerRegister16 word = Words[random.Next(Words.Length)], word2 = Words[random.Next(Words.Length)];
        AssemblerRegister32 doubleword = Doublewords[random.Next(Doublewords.Length)], doubleword2 = Doublewords[random.Next(Doublewords.Length)];
        AssemblerMemoryOperand Memory(AssemblerMemoryOperandFactory of)
        {
            AssemblerMemoryOperandFactory through = random.Next(12) switch { 0 => of.es, 1 => of.ss, 2 => of.fs, 3 => of.gs, 4 => of.ds, _ => of };
            int displacement = random.Next(0x200);
            if (wide && random.Next(8) != 0)
            {
                // Within the segments, and within an expand-down stack.
                c.and(doubleword2, 0x7FFF);
                c.or(doubleword2, 0x1000);
                return random.Next(3) == 0 ? through[doubleword2 + displacement] : through[(doubleword2 * 2) + displacement];
            }

            return random.Next(9) switch
            {
                0 => through[bx + si + displacement],
                1 => through[bx + di],
                2 => through[bp + si + displacement],
                3 => through[bp + displacement],
                4 => through[si],
                5 => through[di + displacement],
                6 => through[bx - displacement],
                7 => through[(ushort)(displacement + 0x2000)],
                _ => through[bp + di - displacement],
            };
        }

        switch (random.Next(36))
        {
            case 0: c.mov(word, Memory(__word_ptr)); break;
            case 1: c.mov(Memory(__word_ptr), word); break;
            case 2: c.add(doubleword, Memory(__dword_ptr)); break;
            case 3: c.sub(Memory(__dword_ptr), doubleword); break;
            case 4: c.xor(Memory(__byte_ptr), dl); break;
            case 5: c.movzx(doubleword, Memory(__word_ptr)); break;
            case 6: c.inc(Memory(__word_ptr)); break;
            case 7: c.lea(word, Memory(__word_ptr)); break;
            case 8: c.lea(doubleword, Memory(__dword_ptr)); break;
            case 9: c.xchg(Memory(__word_ptr), word); break;
            case 10: c.add(word, word2); break;
            case 11: c.sbb(doubleword, doubleword2); break;
            case 12: c.shl(word, (byte)random.Next(20)); break;
            case 13: c.imul(word, word2); break;
            case 14: c.and(word, (short)random.Next(0x10000)); break;
            case 15: c.rcr(doubleword, 3); break;
            case 16:
                c.push(word);
                c.push(doubleword);
                c.pop(doubleword2);
                c.pop(word2);
                break;
            case 17:
                c.pushf();
                Pop(c, wide, ebx, bx);
                break;
            case 18:
                c.push(bp);
                c.mov(bp, sp);
                c.AddInstruction(Instruction.Create(Code.Leavew));
                break;
            case 19:
                c.push(sp);
                c.pop(word);
                break;
            case 20:
                c.push(ds);
                Pop(c, wide, edx, dx);
                break;
            case 21: c.movsx(word, dh); break;
            case 22: c.bswap(doubleword); break;
            case 23: c.cwd(); break;
            case 24: c.movd(xmm1, doubleword); break;
            case 25: c.setl(Memory(__byte_ptr)); break;
            case 26: c.cmovb(word, word2); break;
            case 27: c.xlatb(); break;
            case 28 when near is { } function: c.call(function); break;
            case 29 when far is { } function: c.AddInstruction(Instruction.CreateBranch(wide ? Code.Call_rel16 : Code.Call_rel32_32, function.Id)); break;
            case 30:
                Label around = c.CreateLabel();
                c.AddInstruction(Instruction.CreateBranch(wide ? Code.Jecxz_rel8_32 : Code.Jcxz_rel8_16, around.Id));
                c.not(word);
                c.Label(ref around);
                c.nop();
                break;
            case 31:
                Label again = c.CreateLabel();
                c.push(cx);
                c.mov(cx, (short)(1 + random.Next(4)));
                c.Label(ref again);
                c.add(word, cx);
                c.AddInstruction(Instruction.CreateBranch(wide ? Code.Loop_rel8_32_CX : Code.Loop_rel8_16_CX, again.Id));
                c.pop(cx);
                break;
            default:
                Label skip = c.CreateLabel();
                switch (random.Next(4))
                {
                    case 0: c.jb(skip); break;
                    case 1: c.jle(skip); break;
                    case 2: c.jp(skip); break;
                    default: c.jne(skip); break;
                }

                c.xor(word, word2);
                c.Label(ref skip);
                c.adc(doubleword, 1);
                break;
        }
    }
}

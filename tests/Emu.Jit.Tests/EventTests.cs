using Emu.Cpu;
using Emu.Cpu.Tests;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>Traps, breakpoints, interrupts and instruction counts in translated code.</summary>
public sealed unsafe class EventTests
{
    [Fact]
    public void Single_steps_trap_behind_each_instruction_of_hot_code()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            c.mov(r12, 2);
            Label again = c.CreateLabel();
            c.Label(ref again);
            c.Loop(50, static c => c.add(rbx, rcx));
            c.pushfq();
            c.xor(__qword_ptr[rsp], (int)Eflags.Tf);
            c.popfq();
            c.dec(r12);
            c.jne(again);
            c.hlt();
        });
        twins.Both(static m => m.Handle(1, static c =>
        {
            c.inc(r15);
            c.iretq();
        }));
        twins.Run();
        // DEC, JNE, MOV, fifty rounds of three, PUSHF, XOR, and the POPF that ends it.
        Assert.Equal(3UL + (50 * 3) + 3, twins.State->Gpr[15]);
    }

    [Fact]
    public void A_breakpoint_register_stops_hot_code_every_time()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            Label target = c.CreateLabel();
            c.mov(r12, 2);
            Label again = c.CreateLabel();
            c.Label(ref again);
            c.Loop(40, c =>
            {
                c.add(rbx, 1);
                c.Label(ref target);
                c.add(rbx, 2);
            });
            c.lea(rax, __qword_ptr[target]);
            c.mov(dr0, rax);
            c.mov(eax, 1);
            c.mov(dr7, rax);
            c.dec(r12);
            c.jne(again);
            c.hlt();
        });
        twins.Both(static m => m.Handle(1, static c =>
        {
            c.inc(r15);
            c.or(__qword_ptr[rsp + 16], (int)Eflags.Rf);
            c.iretq();
        }));
        twins.Run();
        Assert.Equal(40UL, twins.State->Gpr[15]);
        Assert.Equal(240UL, twins.State->Gpr[3]);
    }

    public static TheoryData<string> EndlessLoops => ["jump", "call and return", "indirect"];

    [Theory]
    [MemberData(nameof(EndlessLoops))]
    public void An_interrupt_gets_into_an_endless_translated_loop_and_a_budget_ends_it(string kind)
    {
        using Twins<LongMachine> twins = Twins.Long(c =>
        {
            Label loop = c.CreateLabel(), function = c.CreateLabel();
            c.sti();
            c.lea(r14, __qword_ptr[loop]);
            c.Label(ref loop);
            c.inc(rbx);
            switch (kind)
            {
                case "jump": c.jmp(loop); break;
                case "indirect": c.jmp(r14); break;
                default:
                    c.call(function);
                    c.jmp(loop);
                    break;
            }

            c.Label(ref function);
            c.ret();
        });
        twins.Both(static m => m.Handle(0x20, static c => c.hlt()));
        twins.Run(100_000);
        Assert.Equal(100_000UL, twins.Machine.Cpu.InstructionCount);
        // Raised while the translated code runs.
        using (Timer timer = new(_ => twins.Translated.Cpu.SetInterruptLine(true), null, 20, Timeout.Infinite)) twins.Translated.Cpu.Run(long.MaxValue);
        Assert.Equal(ActivityState.Halted, twins.State->Activity);
        Assert.True(twins.Translator.RegionsCompiled > 0);
    }

    [Fact]
    public void A_request_to_come_back_is_heard_in_an_endless_translated_loop()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            Label loop = c.CreateLabel();
            c.Label(ref loop);
            c.inc(rbx);
            c.jmp(loop);
        });
        twins.Run(1000);
        using (Timer timer = new(_ => twins.Translated.Cpu.RequestExit(), null, 20, Timeout.Infinite)) Assert.InRange(twins.Translated.Cpu.Run(long.MaxValue), 1, long.MaxValue - 1);
    }

    [Fact]
    public void A_budget_is_used_up_exactly_wherever_it_ends()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            Label function = c.CreateLabel(), start = c.CreateLabel();
            c.jmp(start);
            c.Label(ref function);
            c.imul(rax, rax, 3);
            c.rdtsc();
            c.push(rdx);
            c.pop(rdx);
            c.ret();
            c.Label(ref start);
            c.fninit();
            c.Loop(3000, c =>
            {
                c.call(function);
                c.test(cl, 3);
                Label skip = c.CreateLabel();
                c.jne(skip);
                c.cpuid();
                c.mov(r9, rcx);
                c.Label(ref skip);
                c.fld1();
                c.fstp(st0);
                c.mov(ecx, r10d);
                c.inc(r10);
                c.cmp(r10, 2000);
                Label on = c.CreateLabel();
                c.jb(on);
                c.hlt();
                c.Label(ref on);
                c.mov(ecx, 5);
            });
            c.hlt();
        });
        long[] pieces = [1, 7, 64, 65, 66, 100, 129, 1000, 2];
        for (int i = 0; twins.State->Activity == ActivityState.Active; i++)
        {
            ulong before = twins.Machine.Cpu.InstructionCount;
            twins.Run(pieces[i % pieces.Length]);
            if (twins.State->Activity == ActivityState.Active) Assert.Equal((ulong)pieces[i % pieces.Length], twins.Machine.Cpu.InstructionCount - before);
        }

        Assert.Equal(2000UL, twins.State->Gpr[10]);
        Assert.True(twins.Translator.RegionsCompiled > 0);
    }

    [Fact]
    public void Long_string_instructions_count_the_same_translated()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            c.mov(r12, 20);
            Label loop = c.CreateLabel();
            c.Label(ref loop);
            c.mov(esi, 0x100000);
            c.mov(edi, 0x200000);
            c.mov(ecx, 0x31000);
            c.rep.movsb();
            c.add(rbx, rdi);
            c.dec(r12);
            c.jne(loop);
            c.hlt();
        });
        twins.Run();
        // 31000h bytes: a part of 1000h and three of 64 KByte.
        Assert.Equal(1UL + (20 * (3 + 4 + 3)) + 1, twins.Machine.Cpu.InstructionCount);
    }
}

using Emu.Stepper.Session;
using Xunit;

namespace Emu.Stepper.Tests;

public sealed class LinuxProgramTests
{
    private const string Hello = """
        section .data
        message: db "hello", 10
        section .text
        global _start
        _start:
            mov eax, 7
            add eax, 0x80000000
            push rax
            call twice
            mov eax, 1
            mov edi, 1
            mov rsi, message
            mov edx, 6
            syscall
            mov eax, 60
            mov edi, 42
            syscall
        twice:
            add eax, eax
            ret
        """;

    [NeedsToolsFact]
    public void AProgramRunsToItsExitAndItsOutputIsKept()
    {
        using StepperSession session = Programs.Assemble(Hello);
        Stop stop = session.Continue();
        Assert.Equal(StopKind.Exited, stop.Kind);
        Assert.Contains("status 42", stop.Message, StringComparison.Ordinal);
        Assert.Equal("hello\n", session.Output);
    }

    [NeedsToolsFact]
    public void StepsAreExplainedWithTheirValues()
    {
        using StepperSession session = Programs.Assemble(Hello);
        (bool good, string output) = Programs.Run(session, """
            step
            step
            expect eax == 0x80000007
            expect sf == 1
            expect explains "SF = 1 (was 0): bit 31 of the result is 1"
            expect explains "CF = 0: unsigned, the sum 2147483655 fits in 32 bits"
            step
            expect explains "pushed"
            step
            expect next "add eax, eax"
            expect explains "the return address"
            step
            expect cf == 1
            expect explains "unsigned, the sum 4294967310 does not fit in 32 bits: a carry"
            out
            expect next "mov eax, 1"
            """);
        Assert.True(good, output);
    }

    [NeedsToolsFact]
    public void ASystemCallIsOneStepAndIsExplained()
    {
        using StepperSession session = Programs.Assemble(Hello);
        (bool good, string output) = Programs.Run(session, """
            break line 14
            continue
            expect stop breakpoint
            step
            expect explains "system call write(fd = 1, buffer = 402000h"
            expect explains "count = 6) returned 6"
            expect output "hello"
            expect next "mov eax, 0x3c"
            """);
        Assert.True(good, output);
    }

    [NeedsToolsFact]
    public void SteppingOverACallStopsBehindIt()
    {
        using StepperSession session = Programs.Assemble(Hello);
        session.RunCount(3);
        Stop stop = session.StepOver();
        Assert.Equal(StopKind.Step, stop.Kind);
        Assert.Equal(14u, session.Evaluate("eax"));
        Assert.StartsWith("mov eax, 1", session.Text.Format(session.Next), StringComparison.Ordinal);
    }

    [NeedsToolsFact]
    public void AConditionalBreakpointStopsWhenItsConditionHolds()
    {
        using StepperSession session = Programs.Assemble("""
            global _start
            _start: mov ecx, 10
            again:  add eax, ecx
                    loop again
            end:    jmp end
            """);
        session.AddBreakpoint(session.Evaluate("again"), "ecx == 3");
        Assert.Equal(StopKind.Breakpoint, session.Continue().Kind);
        Assert.Equal(3u, session.Evaluate("rcx"));
        Assert.Equal(49u, session.Evaluate("rax"));
    }

    [NeedsToolsFact]
    public void AWatchpointStopsBehindTheWrite()
    {
        using StepperSession session = Programs.Assemble("""
            section .data
            x: dd 1
            section .text
            global _start
            _start: mov eax, [x]
                    mov dword [x], 5
                    nop
            end:    jmp end
            """);
        session.AddWatchpoint(session.Evaluate("x"), 4, Cpu.WatchKind.Write);
        Stop stop = session.Continue();
        Assert.Equal(StopKind.Watchpoint, stop.Kind);
        Assert.Equal("nop", session.Text.Format(session.Next));
    }

    [NeedsToolsFact]
    public void AProgramThatRunsPastItsEndIsTold()
    {
        using StepperSession session = Programs.Assemble("global _start\n_start: mov eax, 1\n");
        Stop stop = session.Continue();
        Assert.Equal(StopKind.Crashed, stop.Kind);
        Assert.Contains("did it run on past its end", stop.Message, StringComparison.Ordinal);
        Assert.Equal(session.Evaluate("_start") + 5, session.Place);
    }

    [NeedsToolsFact]
    public void AJumpToNowhereIsTold()
    {
        using StepperSession session = Programs.Assemble("global _start\n_start: ret\n");
        Stop stop = session.Continue();
        Assert.Equal(StopKind.Crashed, stop.Kind);
        Assert.Contains("a RET without a return address", stop.Message, StringComparison.Ordinal);
    }

    [NeedsToolsFact]
    public void WhereAProgramHasEndedItsLastCallIsShown()
    {
        using StepperSession session = Programs.Assemble(Hello);
        session.Continue();
        Assert.Equal("syscall", session.Text.Format(Views.CodeView.Rows(session, session.Place, 1)[0].Instruction));
        session.StepBack();
        Assert.Equal(session.InstructionPointer, session.Place);
        using StepperSession old = Programs.Assemble("bits 32\nglobal _start\n_start: mov eax, 1\nlast: int 0x80\n");
        old.Continue();
        Assert.Equal(StopKind.Exited, old.Final?.Kind);
        Assert.Equal(old.Evaluate("last"), old.Place);
    }

    [NeedsToolsFact("as", "ld")]
    public void IntelSyntaxInAGnuSourceIsTold()
    {
        const string wrong = ".globl _start\n_start: mov eax, 5\n";
        StepperException e = Assert.Throws<StepperException>(() => Programs.Assemble(wrong, ".s"));
        Assert.Contains("registers with % and numbers with $", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<StepperException>(() => Programs.Assemble(".globl _start\n_start: mov $5, %eax\n frob %eax\n", ".s"));
        Assert.Contains("check the spelling", e.Message, StringComparison.Ordinal);
    }

    [NeedsToolsFact]
    public void ACrashSaysWhereAndWhy()
    {
        using StepperSession session = Programs.Assemble("""
            global _start
            _start: xor ebx, ebx
                    mov eax, [rbx]
            """);
        session.Step();
        Stop stop = session.Step();
        Assert.Equal(StopKind.Crashed, stop.Kind);
        Assert.Contains("line 3", stop.Message, StringComparison.Ordinal);
        Assert.Contains("#PF", stop.Message, StringComparison.Ordinal);
        Assert.Contains(session.Last!.Lines, l => l.Text.Contains("the entry's present bit is 0", StringComparison.Ordinal) || l.Text.Contains("not present", StringComparison.Ordinal));
    }

    [NeedsToolsFact]
    public void ADivisionByZeroIsCalledThat()
    {
        using StepperSession session = Programs.Assemble("global _start\n_start: xor ecx, ecx\n div ecx\n");
        session.Step();
        session.Step();
        Assert.Contains(session.Last!.Lines, l => l.Text.Contains("division by zero", StringComparison.Ordinal));
    }

    [NeedsToolsFact]
    public void AnEndlessLoopIsSaidToBeOne()
    {
        using StepperSession session = Programs.Assemble("global _start\n_start: jmp _start\n");
        Stop stop = session.Continue(limit: 1_000_000);
        Assert.Equal(StopKind.Limit, stop.Kind);
        Assert.Contains("endless loop", stop.Message, StringComparison.Ordinal);
    }

    [NeedsToolsFact("as", "ld")]
    public void GnuSourcesHaveLinesAndSymbols()
    {
        using StepperSession session = Programs.Assemble("""
            .globl _start
            _start:
                mov $60, %eax
                mov $3, %edi
            last:
                syscall
            """, ".s");
        Assert.Equal(3, session.Program.Source!.LineAt(session.InstructionPointer));
        session.RunTo(session.Evaluate("last"));
        Assert.Equal(6, session.Program.Source.LineAt(session.InstructionPointer));
        Assert.Equal(StopKind.Exited, session.Step().Kind);
    }

    [NeedsToolsFact]
    public void ThirtyTwoBitProgramsUseInt80()
    {
        using StepperSession session = Programs.Assemble("""
            bits 32
            section .data
            m: db "ok"
            section .text
            global _start
            _start: mov eax, 4
                    mov ebx, 1
                    mov ecx, m
                    mov edx, 2
                    int 0x80
                    mov eax, 1
                    mov ebx, 9
                    int 0x80
            """);
        session.RunCount(5);
        Assert.Contains(session.Last!.Lines, l => l.Text.Contains("system call write", StringComparison.Ordinal));
        Stop stop = session.Continue();
        Assert.Equal((StopKind.Exited, "ok"), (stop.Kind, session.Output));
    }

    [NeedsToolsFact]
    public void ErrorsOfTheAssemblerAreSaidInPlainWordsWithTheLine()
    {
        StepperException e = Assert.Throws<StepperException>(() => Programs.Assemble("global _start\n_start: mov eax, 1\n  mvo eax, 2\n"));
        Assert.Contains("line 3", e.Message, StringComparison.Ordinal);
        Assert.Contains("mvo eax, 2", e.Message, StringComparison.Ordinal);
        Assert.Contains("check the spelling", e.Message, StringComparison.Ordinal);
        Assert.Contains("memory has no size of its own", Assert.Throws<StepperException>(() => Programs.Assemble("global _start\n_start: mov [rax], 5\n")).Message, StringComparison.Ordinal);
    }

    [NeedsToolsFact]
    public void UndefinedNamesAreNamed()
    {
        StepperException e = Assert.Throws<StepperException>(() => Programs.Assemble("extern printf\nglobal _start\n_start: call printf\n"));
        Assert.Contains("printf", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMissingFileIsSaidToBeMissing() =>
        Assert.Contains("no such file", Assert.Throws<StepperException>(() => GuestProgram.FromFile("/nowhere/x.asm", new ProgramOptions())).Message, StringComparison.Ordinal);
}

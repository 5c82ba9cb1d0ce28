using Emu.Stepper.Commands;
using Emu.Stepper.Session;
using Xunit;

namespace Emu.Stepper.Tests;

public sealed class TimeTravelTests
{
    private const string Counting = """
        section .data
        total: dq 0
        text: db "x"
        section .text
        global _start
        _start: mov ecx, 5
        again:  add [total], rcx
                push rcx
                mov eax, 1
                mov edi, 1
                mov rsi, text
                mov edx, 1
                syscall
                pop rcx
                loop again
                mov ebx, 7
        done:   mov eax, 60
                xor edi, edi
                syscall
        """;

    [NeedsToolsFact]
    public void SteppingBackUndoesRegistersMemoryAndOutput()
    {
        using StepperSession session = Programs.Assemble(Counting);
        session.RunTo(session.Evaluate("done"));
        Assert.Equal(("xxxxx", 15ul), (session.Output, session.Evaluate("[total]")));
        for (int i = 0; i < 9; i++) Assert.Equal(StopKind.Step, session.StepBack().Kind);
        Assert.StartsWith("push rcx", session.Text.Format(session.Next), StringComparison.Ordinal);
        Assert.Equal("xxxx", session.Output);
        Assert.Equal(1ul, session.Evaluate("rcx"));
        while (session.StepBack().Kind == StopKind.Step)
        {
        }

        Assert.Equal(session.Evaluate("_start"), session.InstructionPointer);
        Assert.Equal(("", 0ul), (session.Output, session.Evaluate("[total]")));
        Assert.Equal(StopKind.Exited, session.Continue().Kind);
        Assert.Equal("xxxxx", session.Output);
    }

    [NeedsToolsFact]
    public void AProgramThatHasEndedCanBeSteppedBack()
    {
        using StepperSession session = Programs.Assemble(Counting);
        Assert.Equal(StopKind.Exited, session.Continue().Kind);
        Assert.Equal(StopKind.Step, session.StepBack().Kind);
        Assert.Equal("syscall", session.Text.Format(session.Next));
        Assert.Equal(StopKind.Exited, session.Step().Kind);
    }

    [NeedsToolsFact]
    public void WhoWroteTellsTheInstruction()
    {
        using StepperSession session = Programs.Assemble(Counting);
        session.RunTo(session.Evaluate("done"));
        session.LastWriter("qword [total]");
        Assert.StartsWith("add [total], rcx", session.Text.Format(session.Next), StringComparison.Ordinal);
        Assert.Equal(1ul, session.Evaluate("rcx"));
        session.RunTo(session.Evaluate("done"));
        session.LastWriter("ebx");
        Assert.Equal("mov ebx, 7", session.Text.Format(session.Next));
    }

    [NeedsToolsFact]
    public void ReverseContinueFindsTheLastBreakpoint()
    {
        using StepperSession session = Programs.Assemble(Counting);
        session.AddBreakpoint(session.Evaluate("again"), "rcx == 3");
        session.RunTo(session.Evaluate("done"));
        session.RunTo(session.Evaluate("done"));
        Stop stop = session.ReverseContinue();
        Assert.Equal((StopKind.Breakpoint, 3ul), (stop.Kind, session.Evaluate("rcx")));
        Assert.Equal(StopKind.Beginning, session.ReverseContinue().Kind);
    }

    [NeedsToolsFact]
    public void GoingToAnInstructionCountThatIsStillToComeRunsThereExactly()
    {
        using StepperSession session = Programs.Assemble("section .text\nglobal _start\n_start: xor ecx, ecx\nagain: inc rcx\n jmp again\n");
        session.GoTo("2000001");
        Assert.Equal((2_000_001ul, 1_000_000ul), (session.Position, session.Evaluate("rcx")));
        session.GoTo("11");
        Assert.Equal((11ul, 5ul), (session.Position, session.Evaluate("rcx")));
        session.AddBreakpoint(session.Evaluate("again"), "rcx == 1500000");
        Assert.Equal(StopKind.Breakpoint, session.GoTo("4000000").Kind);
        Assert.Equal(1_500_000ul, session.Evaluate("rcx"));
    }

    [NeedsToolsFact]
    public void AChangeByHandStaysWhenGoneBackBehindItAndForwardAgain()
    {
        using StepperSession session = Programs.Assemble(Counting);
        session.RunCount(2);
        Assert.True(session.Write("rcx", 1));
        session.RunTo(session.Evaluate("done"));
        Assert.Equal(5ul, session.Evaluate("[total]"));
        Assert.Equal("x", session.Output);
        session.Bookmarks["end"] = session.Position;
        session.GoTo("3");
        session.GoTo("end");
        Assert.Equal(session.Evaluate("done"), session.InstructionPointer);
        Assert.Equal("x", session.Output);
    }

    [NeedsToolsFact]
    public void ManyInstructionsBackAreOneMoveAndCountsAreChecked()
    {
        using StepperSession session = Programs.Assemble("""
            section .text
            global _start
            _start:
                mov ecx, 400000
            again:
                dec ecx
                jnz again
                mov eax, 60
                xor edi, edi
                syscall
            """);
        session.RunCount(700_001);
        ulong counter = session.Evaluate("ecx");
        StepperCommands commands = new(session);
        commands.Run("back 600000");
        Assert.Equal(100_001ul, session.Position);
        Assert.Equal(counter + 300_000, session.Evaluate("ecx"));
        commands.Run("back 0");
        Assert.Equal(100_001ul, session.Position);
        Assert.Equal(StopKind.Beginning, session.StepBack(1_000_000).Kind);
        Assert.Throws<StepperException>(() => (object)commands.Run("back -1"));
        Assert.Throws<StepperException>(() => (object)commands.Run("step -1"));
    }
}

using Emu.Jit;
using Xunit;

namespace Emu.Machine.Tests;

/// <summary>A machine that counts instructions does the same with the interpreter and with the translator, whenever that gets done.</summary>
public sealed class TranslatedHistoryTests
{
    private const ulong Interval = 49_999;
    private const int Intervals = 40;

    private static readonly TranslatorOptions AtOnce = new() { Threshold = 20, Synchronous = true }, Later = new() { Threshold = 300, Synchronous = true }, WhenItGetsDone = new() { Threshold = 20 };

    [Fact]
    public void A_counted_run_is_the_same_with_the_interpreter_and_with_the_translator_wherever_it_is_interrupted()
    {
        using HotGuest interpreted = new(Accelerator.Interpreter), translated = new(Accelerator.Translator, AtOnce), late = new(Accelerator.Translator, Later), meanwhile = new(Accelerator.Translator, WhenItGetsDone);
        Random random = new(7);
        for (ulong at = Interval; at <= Interval * Intervals; at += Interval)
        {
            interpreted.Machine.RunInstructions(at - interpreted.Machine.RetiredInstructions);
            translated.Machine.RunInstructions(at - translated.Machine.RetiredInstructions);
            meanwhile.Machine.RunInstructions(at - meanwhile.Machine.RetiredInstructions);
            while (late.Machine.RetiredInstructions < at) late.Machine.RunInstructions(Math.Min((ulong)random.Next(1, 3000), at - late.Machine.RetiredInstructions));
            Assert.Equal(at, translated.Machine.RetiredInstructions);
            Dictionary<string, string> expected = interpreted.Parts();
            MachineParts.AssertSame(expected, translated.Parts(), at);
            MachineParts.AssertSame(expected, late.Parts(), at);
            MachineParts.AssertSame(expected, meanwhile.Parts(), at);
        }

        (uint rounds, uint ticks, uint faults) = interpreted.Counters;
        Assert.True(rounds > 100 && ticks > 20 && faults > 100, $"{rounds} rounds, {ticks} ticks, {faults} faults: the guest does not do what it should");
        Assert.True(translated.Machine.Board.Translator?.RegionsCompiled > 3, "nothing was translated");
        Assert.True(late.Machine.Board.Translator?.RegionsCompiled > 3, "nothing was translated later");
    }

    [Fact]
    public void A_translated_machine_that_goes_back_is_in_the_state_it_was_in_and_arrives_at_the_same_states_again()
    {
        using HotGuest interpreted = new(Accelerator.Interpreter), guest = new(Accelerator.Translator, AtOnce);
        Dictionary<ulong, Dictionary<string, string>> states = [];
        for (int i = 0; i < Intervals; i++)
        {
            interpreted.Machine.RunInstructions(Interval);
            guest.Machine.RunInstructions(Interval);
            states[guest.Machine.RetiredInstructions] = interpreted.Parts();
        }

        guest.Machine.Pause();
        Assert.True(guest.Machine.Board.Translator?.RegionsCompiled > 3, "nothing was translated");
        foreach (ulong at in states.Keys.Reverse().Concat(states.Keys))
        {
            guest.History.GoTo(new Position(at));
            MachineParts.AssertSame(states[at], guest.Parts(), at);
        }
    }

    [Fact]
    public void Steps_back_through_translated_code_lead_through_the_states_of_steps_forward()
    {
        const int steps = 60;
        using HotGuest guest = new(Accelerator.Translator, AtOnce);
        guest.Machine.RunInstructions(1_000_000);
        guest.Machine.Pause();
        Stack<(Position Position, Dictionary<string, string> Parts)> path = new();
        for (int i = 0; i < steps; i++)
        {
            path.Push((guest.Machine.Position, guest.Parts()));
            Assert.NotNull(guest.Machine.Debugger.Step(guest.Machine.Board.Processors[0], holdInterrupts: false));
        }

        while (path.TryPop(out (Position Position, Dictionary<string, string> Parts) before))
        {
            Assert.True(guest.History.ReverseStep(guest.Machine.Board.Processors[0]));
            Assert.Equal(before.Position, guest.Machine.Position);
            MachineParts.AssertSame(before.Parts, guest.Parts(), before.Position.Instructions);
        }
    }
}

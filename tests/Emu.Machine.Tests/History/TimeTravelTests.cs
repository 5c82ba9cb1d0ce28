using Emu.Cpu;
using Emu.Devices.Input;
using Xunit;

namespace Emu.Machine.Tests;

public sealed unsafe class TimeTravelTests
{
    private const ulong Interval = 9_973;
    private const int Intervals = 60;

    /// <summary>Lets history happen, with inputs on the way; returns the digest at every multiple of the interval.</summary>
    private static Dictionary<ulong, Dictionary<string, string>> MakeHistory(BusyGuest guest)
    {
        Dictionary<ulong, Dictionary<string, string>> states = [];
        for (int i = 0; i < Intervals; i++)
        {
            guest.Machine.RunInstructions(500);
            if (i % 3 == 1) guest.Machine.Board.Keyboard.SetKey((KeyCode)((int)KeyCode.A + (i % 20)), (i & 1) == 0);
            if (i % 4 == 2) guest.Line.Inject([(byte)('a' + i % 26), (byte)i]);
            guest.Machine.RunInstructions(Interval - 500);
            states[guest.Machine.RetiredInstructions] = guest.Parts();
        }

        guest.Machine.Pause();
        return states;
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_machine_that_goes_back_is_in_the_state_it_was_in_and_arrives_at_the_same_states_again(int processors)
    {
        using BusyGuest guest = new(processors);
        Dictionary<ulong, Dictionary<string, string>> states = MakeHistory(guest);
        string end = guest.Digest();
        Position present = guest.History.Position;
        Assert.All((ulong[])[0x2010, 0x2014, 0x201C, 0x2020, 0x2024], counter => Assert.NotEqual(0u, guest.Machine.Board.Memory.Space.Read(counter, 4)));
        string sent = guest.Line.Text;
        Assert.NotEmpty(sent);
        foreach (ulong at in states.Keys.Reverse())
        {
            guest.History.GoTo(new Position(at));
            Assert.Equal(at, guest.Machine.RetiredInstructions);
            MachineParts.AssertSame(states[at], guest.Parts(), at);
        }

        foreach (ulong at in states.Keys)
        {
            guest.History.GoTo(new Position(at));
            MachineParts.AssertSame(states[at], guest.Parts(), at);
        }

        guest.History.GoTo(present);
        Assert.Equal(end, guest.Digest());
        Assert.False(guest.History.InPast);
        Assert.Equal(sent, guest.Line.Text);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_counted_run_does_not_depend_on_where_it_is_interrupted(int processors)
    {
        using BusyGuest whole = new(processors, remembers: false), pieces = new(processors, remembers: false);
        Random random = new(4711);
        for (ulong at = Interval; at <= Interval * Intervals; at += Interval)
        {
            whole.Machine.RunInstructions(at - whole.Machine.RetiredInstructions);
            while (pieces.Machine.RetiredInstructions < at)
            {
                pieces.Machine.RunInstructions(Math.Min((ulong)random.Next(1, 200), at - pieces.Machine.RetiredInstructions));
            }

            MachineParts.AssertSame(whole.Parts(), pieces.Parts(), at);
        }
    }
}

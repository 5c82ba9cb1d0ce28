using Emu.Devices.Input;

namespace Emu.Debugging.Monitor;

// Keyboard and mouse.
public sealed partial class HumanMonitor
{
    private void AddInputCommands()
    {
        Add(["sendkey"], "KEYS [MILLISECONDS]", "Press keys together, such as ctrl-alt-delete", (arguments, _) =>
        {
            KeyCode[] keys = KeySequencer.Parse(arguments.Require("a key"));
            int hold = arguments.NextNumber("sendkey") ?? KeySequencer.DefaultHold;
            if (hold is < 1 or > 60_000) throw new MonitorException("sendkey: a key is held for 1 to 60000 ms");
            context.Keys.Press(keys, hold);
        }, KeyNames);
        Add(["mouse_move"], "DX DY [DZ]", "Move the mouse, right and down, and turn its wheel", (arguments, _) =>
            machine.Board.Mouse.Move(Coordinate(arguments, "DX"), Coordinate(arguments, "DY"), arguments.NextNumber("DZ") ?? 0));
        Add(["mouse_button"], "STATE", "Press mouse buttons: 1 left, 2 right, 4 middle; 0 releases", (arguments, _) =>
            machine.Board.Mouse.SetButtons((PointerButtons)(Coordinate(arguments, "STATE") & 7)));
    }

    private static IEnumerable<string> KeyNames()
    {
        List<string> names = [];
        foreach (KeyDefinition key in KeyTable.All) names.Add(key.Name);
        return names;
    }

    private static int Coordinate(MonitorArguments arguments, string name) => arguments.NextNumber(name) ?? throw new MonitorException($"{name} is missing");
}

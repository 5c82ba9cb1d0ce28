using System.Text.Json.Nodes;
using Emu.Debugging.Monitor;
using Emu.Devices.Input;
using Emu.Devices.Storage;
using Emu.Devices.Storage.Ide;
using Emu.Machine;

namespace Emu.Debugging.Qmp;

// Drives, keyboard and mouse.
public sealed partial class QmpSession
{
    /// <summary>Largest value of an absolute axis (QAPI, InputMoveEvent).</summary>
    private const int LargestAbsolute = 0x7FFF;

    private PointerButtons buttons;
    private double pointerX;
    private double pointerY;

    private JsonArray QueryBlock() => new([.. machine.Board.Drives.Drives.Select(drive => (JsonNode)DescribeDrive(drive))]);

    private JsonObject DescribeDrive(Drive drive)
    {
        JsonObject description = new()
        {
            ["device"] = drive.Name,
            ["type"] = "unknown",
            ["removable"] = drive.Configuration.Kind != DriveKind.Disk,
            ["locked"] = drive.Ide is AtapiCdRom { IsLocked: true },
        };
        if (drive.Ide is AtapiCdRom cdrom) description["tray_open"] = cdrom.IsTrayOpen;
        if (MediaChanger.MediumIn(drive) is not { } medium) return description;
        BlockImage image = medium.Image;
        int depth = 0;
        for (BlockImage? backing = image.Backing; backing != null; backing = backing.Backing) depth++;
        string file = context.Media.FileIn(drive) ?? image.FileName;
        description["inserted"] = new JsonObject
        {
            ["file"] = file,
            ["drv"] = image.Format,
            ["ro"] = image.IsReadOnly,
            ["backing_file_depth"] = depth,
            ["image"] = new JsonObject { ["filename"] = file, ["format"] = image.Format, ["virtual-size"] = image.Length },
        };
        return description;
    }

    private JsonNode? Eject(JsonObject arguments)
    {
        context.Media.Eject(DriveName(arguments), arguments["force"] is JsonValue value && value.TryGetValue(out bool force) && force);
        return null;
    }

    private JsonNode? ChangeMedium(JsonObject arguments)
    {
        context.Media.Insert(DriveName(arguments), Require(arguments, "filename"), Text(arguments, "format"));
        return null;
    }

    private static string DriveName(JsonObject arguments) => Text(arguments, "device") ?? Require(arguments, "id");

    /// <summary>input-send-event: all events are checked before the first one is carried out.</summary>
    private JsonNode? SendEvents(JsonObject arguments)
    {
        if (arguments["events"] is not JsonArray events) throw new QmpException(GenericError, "Parameter 'events' is missing");
        Action[] actions = [.. events.Select(ReadEvent)];
        int moveX = 0, moveY = 0;
        bool placed = false;
        foreach (JsonNode? item in events)
        {
            if (item is not JsonObject { } input || input["data"] is not JsonObject data) continue;
            bool horizontal = Text(data, "axis") == "x";
            switch (Text(input, "type"))
            {
                case "rel" when horizontal:
                    moveX += Whole(data, "value");
                    break;
                case "rel":
                    moveY += Whole(data, "value");
                    break;
                case "abs":
                    placed = true;
                    if (horizontal) pointerX = (double)Math.Clamp(Whole(data, "value"), 0, LargestAbsolute) / LargestAbsolute;
                    else pointerY = (double)Math.Clamp(Whole(data, "value"), 0, LargestAbsolute) / LargestAbsolute;
                    break;
            }
        }

        if (moveX != 0 || moveY != 0) machine.Board.Mouse.Move(moveX, moveY, 0);
        if (placed) machine.Board.AbsolutePointer?.Place(pointerX, pointerY);
        foreach (Action action in actions) action();
        return null;
    }

    private Action ReadEvent(JsonNode? item)
    {
        if (item is not JsonObject input || input["data"] is not JsonObject data) throw new QmpException(GenericError, "An event is an object with 'type' and 'data'");
        switch (Text(input, "type"))
        {
            case "key":
                KeyCode key = ReadKey(data["key"]);
                bool pressed = Flag(data, "down");
                return () => machine.Board.Keyboard.SetKey(key, pressed);
            case "btn":
                return ReadButton(data);
            case "rel" or "abs":
                if (Text(data, "axis") is not ("x" or "y")) throw new QmpException(GenericError, "Invalid parameter 'axis'");
                Whole(data, "value");
                return static () => { };
            default:
                throw new QmpException(GenericError, "Invalid parameter 'type'");
        }
    }

    private Action ReadButton(JsonObject data)
    {
        bool down = Flag(data, "down");
        string name = Require(data, "button");
        if (name is "wheel-up" or "wheel-down")
        {
            int turn = !down ? 0 : name == "wheel-up" ? -1 : 1;
            return () =>
            {
                if (turn != 0) machine.Board.Mouse.Move(0, 0, turn);
            };
        }

        PointerButtons button = name switch
        {
            "left" => PointerButtons.Left,
            "right" => PointerButtons.Right,
            "middle" => PointerButtons.Middle,
            _ => throw new QmpException(GenericError, $"Invalid parameter 'button': {name}"),
        };
        return () =>
        {
            buttons = down ? buttons | button : buttons & ~button;
            if (machine.Board.AbsolutePointer is { IsInUse: true } pointer) pointer.SetButtons(buttons);
            else machine.Board.Mouse.SetButtons(buttons);
        };
    }

    private static KeyCode ReadKey(JsonNode? node) => node is JsonObject entry && Text(entry, "type") == "qcode" && KeyTable.TryParse(Require(entry, "data"), out KeyCode code)
        ? code
        : throw new QmpException(GenericError, "A key is {\"type\": \"qcode\", \"data\": NAME} with a key name of sendkey");

    private static bool Flag(JsonObject from, string name) =>
        from[name] is JsonValue value && value.TryGetValue(out bool flag) ? flag : throw new QmpException(GenericError, $"Parameter '{name}' is missing");

    private static int Whole(JsonObject from, string name) =>
        from[name] is JsonValue value && value.TryGetValue(out int number) ? number : throw new QmpException(GenericError, $"Parameter '{name}' is missing");
}

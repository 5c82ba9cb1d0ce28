using System.Reflection;
using Emu.Devices.Input;
using Xunit;

namespace Emu.Machine.Tests;

public sealed class SnapshotTests
{
    /// <summary>Fields of devices, or whole types, that a snapshot need not carry, and why.</summary>
    private static readonly Dictionary<string, string> Excluded = new()
    {
        ["ActionLine._level"] = Wire,
        ["Input._level"] = Wire,
        ["SharedInterruptLine._asserted"] = Wire,
        ["PciDevice._interruptDriven"] = Wire,
        ["PciDevice._resetValues"] = Construction,
        ["PciDevice._writable"] = Construction,
        ["PciDevice._writeOneToClear"] = Construction,
        ["PciDevice._lastCapability"] = Construction,
        ["PciDevice.DeviceNumber"] = Construction,
        ["PciDevice.Function"] = Construction,
        ["IdeDrive.Unit"] = Construction,
        ["AcpiPm1._offTypes"] = Construction,
        ["HostFile._length"] = "belongs to the file on the host",
        ["Pic8259.AcknowledgeCounts"] = Statistic,
        ["Pic8259.SpuriousCount"] = Statistic,
        ["IoApic._delivered"] = Statistic,
        ["PciBus._pirqAsserted"] = Wire,
        ["VgaCore.Version"] = Screen,
        ["VgaScanout"] = Screen,
        ["VgaRenderer"] = Screen,
        ["DisplayFrame"] = Screen,
    };

    private const string Wire = "a wire, which its driver puts at its level when it is loaded; another test holds that they are right";
    private const string Construction = "fixed when the machine is built";
    private const string Statistic = "a statistic for the monitor, which no guest can read";
    private const string Screen = "what the host's screen has been told";

    [Fact]
    public void A_snapshot_restores_every_field_of_every_device()
    {
        using BusyGuest guest = new();
        guest.Machine.Board.Keyboard.SetKey(KeyCode.A, true);
        guest.Machine.RunInstructions(100_000);
        byte[] state = MachineState.Save(guest.Machine);
        DeviceState devices = new(guest.Machine.Board);
        Dictionary<string, string> before = devices.Dump();
        List<string> forgotten = [];
        foreach ((string path, object owner, FieldInfo field) in devices.Fields)
        {
            if (field.IsInitOnly && field.FieldType.IsValueType || ReasonOf(DeviceState.NameOf(field)) != null) continue;
            if (!Disturb(owner, field)) continue;
            try
            {
                Load(guest.Machine, state);
            }
            catch (Exception e) when (e is not Xunit.Sdk.XunitException)
            {
                forgotten.Add($"{path} ({e.GetType().Name})");
            }

            string now = new DeviceState(guest.Machine.Board).Dump().GetValueOrDefault(path, "gone");
            if (now != before[path]) forgotten.Add($"{path}: {before[path]} became {now}");
        }

        Assert.True(forgotten.Count == 0, $"{forgotten.Count} of {before.Count} fields are not restored:\n{string.Join('\n', forgotten.Select(f => f[..Math.Min(f.Length, 200)]))}");
    }

    [Fact]
    public void Going_back_restores_every_field_of_every_device_whatever_happened_since()
    {
        using BusyGuest guest = new();
        List<(Position Position, Dictionary<string, string> Fields)> moments = [];
        for (int i = 0; i < 24; i++)
        {
            guest.Machine.RunInstructions(7_001);
            if (i % 3 == 0) guest.Machine.Board.Keyboard.SetKey(KeyCode.B, i % 2 == 0);
            if (i % 5 == 0) guest.Line.Inject("x");
            guest.Machine.RunInstructions(1_000);
            // Saving looks at every device, which brings clocks that are advanced on demand up to date.
            MachineState.Save(guest.Machine);
            moments.Add((guest.Machine.Position, new DeviceState(guest.Machine.Board).Dump()));
        }

        guest.Machine.Pause();
        for (int i = moments.Count - 1; i >= 0; i -= 3)
        {
            guest.History.GoTo(moments[i].Position);
            MachineState.Save(guest.Machine);
            Dictionary<string, string> now = new DeviceState(guest.Machine.Board).Dump();
            foreach ((string path, string value) in moments[i].Fields)
            {
                string field = string.Join('.', path.Split('.')[^2..]);
                if (ReasonOf(field) is { } reason && reason != Wire) continue;
                if (path.Contains("RewindableImage", StringComparison.Ordinal)) continue;
                Assert.True(now.GetValueOrDefault(path) == value, $"{path} was {value} and is {now.GetValueOrDefault(path)}");
            }
        }
    }

    [Fact]
    public void A_loaded_state_is_saved_again_as_the_same_bytes()
    {
        using BusyGuest guest = new(processors: 2);
        byte[]? earlier = null;
        for (int i = 0; i < 20; i++)
        {
            guest.Machine.RunInstructions(7_919);
            byte[] now = MachineState.Save(guest.Machine);
            if (earlier != null)
            {
                Load(guest.Machine, earlier);
                Assert.Equal(earlier, MachineState.Save(guest.Machine));
                Load(guest.Machine, now);
                Assert.Equal(now, MachineState.Save(guest.Machine));
            }

            earlier = now;
        }
    }

    private static string? ReasonOf(string field) => Excluded.GetValueOrDefault(field) ?? Excluded.GetValueOrDefault(field.Split('.')[0]);

    private static void Load(Machine machine, byte[] state)
    {
        using BinaryReader reader = new(new MemoryStream(state));
        MachineState.Load(machine, reader);
    }

    private static bool Disturb(object owner, FieldInfo field)
    {
        object? value = field.GetValue(owner);
        if (value is Array { Length: > 0 } array)
        {
            foreach (int index in (int[])[0, array.Length - 1])
            {
                if (array.GetValue(index) is { } element && DeviceState.Other(element) is { } changed) array.SetValue(changed, index);
            }

            return true;
        }

        if (value == null || DeviceState.Other(value) is not { } other) return false;
        field.SetValue(owner, other);
        return true;
    }
}

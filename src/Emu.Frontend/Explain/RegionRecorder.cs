using System.Diagnostics;
using System.Globalization;
using Emu.Frontend.CommandLine;
using Emu.Jit;
using Emu.Machine;

namespace Emu.Frontend.Explain;

/// <summary>Runs a guest until a region is there to be explained.</summary>
internal sealed class RegionRecorder
{
    /// <summary>Regions to wait for if nothing is said, and how long to wait for more once there is one.</summary>
    private const int DefaultInstalls = 20;

    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(3);

    private readonly Machine.Machine machine;
    private readonly Translator translator;
    private readonly ulong? address;
    private readonly int? installs;
    private readonly TimeSpan timeout;
    private readonly Func<bool> hasEnded;
    private int installed;
    private Stopwatch? sinceFirst;

    /// <summary>Prepares a machine that has not run yet.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="address">Linear address in the region wanted; null for the largest.</param>
    /// <param name="installs">Regions to wait for.</param>
    /// <param name="timeout">Time on the host after which to give up.</param>
    /// <param name="hasEnded">Whether the program in the machine has ended, though the machine goes on.</param>
    /// <exception cref="UsageException">It does not translate.</exception>
    public RegionRecorder(Machine.Machine machine, ulong? address, int? installs, TimeSpan timeout, Func<bool> hasEnded)
    {
        this.hasEnded = hasEnded;
        this.machine = machine;
        this.address = address;
        this.installs = installs;
        this.timeout = timeout;
        translator = machine.Board.Translator ?? throw new UsageException("-accel interp translates nothing that could be explained; leave it out");
        translator.KeepsListings = true;
        translator.Installed += OnInstalled;
    }

    /// <summary>Runs the guest.</summary>
    /// <exception cref="UsageException">There is no such region; the message says why.</exception>
    public RegionDocument Run()
    {
        machine.Continue();
        machine.RunUntil(() => IsDone() || hasEnded(), timeout);
        return (address is { } wanted ? translator.DocumentAt(wanted) : translator.LargestDocument()) ?? throw new UsageException(Reason());
    }

    private void OnInstalled(RegionSummary region)
    {
        installed++;
        sinceFirst ??= Stopwatch.StartNew();
    }

    private bool IsDone()
    {
        if (installs is { } count) return installed >= count;
        if (address is { } wanted) return translator.DocumentAt(wanted) != null;
        return installed >= DefaultInstalls || sinceFirst?.Elapsed > Settling;
    }

    private string Reason()
    {
        string time = hasEnded() ? string.Create(CultureInfo.InvariantCulture, $"before the program ended ({machine.RetiredInstructions:N0} instructions)")
            : machine.StopReason != StopReason.None
            ? $"before the guest ended ({machine.StopReason}, {machine.RetiredInstructions.ToString("N0", CultureInfo.InvariantCulture)} instructions)"
            : string.Create(CultureInfo.InvariantCulture, $"within {timeout.TotalSeconds} s ({machine.RetiredInstructions:N0} instructions)");
        string threshold = string.Create(CultureInfo.InvariantCulture, $"code is translated when it has run {machine.Configuration.Translator.Threshold:N0} times (-accel jit,threshold=N)");
        if (translator.RegionsCompiled == 0) return $"nothing was translated {time}: {threshold}";
        IReadOnlyList<ulong> known = translator.RegionAddresses();
        if (known.Count == 0) return $"no region is in use any more: the code of all {translator.RegionsCompiled} was overwritten";
        ulong nearest = known.MinBy(a => a > address ? a - address : address - a);
        return $"no region with code at {address:x} came up {time}; {known.Count} others did, the nearest one at {nearest:x}; {threshold}";
    }
}

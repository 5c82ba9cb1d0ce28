using Emu.Jit.Regions;
using Iced.Intel;

namespace Emu.Jit;

/// <summary>Counts what a translator does. Any thread may ask.</summary>
internal sealed class TranslatorCounters
{
    private const int ShownMnemonics = 10;

    /// <summary>Freed regions that are remembered before those whose code is gone are sorted out.</summary>
    private const int MaxFreed = 4096;

    private static readonly int[] Sizes = [8, 16, 32, 64, 128, 256];

    private readonly Lock gate = new();
    private readonly Dictionary<Mnemonic, long> called = [];
    private readonly int[] sizes = new int[Sizes.Length];
    private readonly List<WeakReference> freed = [];
    private TranslatorStatistics sum = new();

    /// <summary>A hot block was offered.</summary>
    public void CountOffer(bool accepted)
    {
        lock (gate) sum = accepted ? sum with { OffersAccepted = sum.OffersAccepted + 1 } : sum with { OffersRefused = sum.OffersRefused + 1 };
    }

    /// <summary>A block was offered that runs too seldom.</summary>
    public void CountRare()
    {
        lock (gate) sum = sum with { OffersRare = sum.OffersRare + 1 };
    }

    /// <summary>A region was compiled; it exists until <see cref="CountFreed"/>.</summary>
    public void CountCompiled(Region region)
    {
        lock (gate)
        {
            RegionSummary summary = region.Summary;
            sum = sum with
            {
                RegionsCompiled = sum.RegionsCompiled + 1,
                InstructionsCompiled = sum.InstructionsCompiled + summary.Instructions,
                InstructionsCalled = sum.InstructionsCalled + summary.Called,
                IlBytes = sum.IlBytes + summary.IlBytes,
                HostBytes = sum.HostBytes + summary.HostBytes,
                CompileTime = sum.CompileTime + summary.CompileTime,
                Memory = sum.Memory + region.MemoryBytes,
                HostBytesInUse = sum.HostBytesInUse + summary.HostBytes,
                IlBytesInUse = sum.IlBytesInUse + summary.IlBytes,
            };
            foreach ((Mnemonic mnemonic, int count) in region.CalledByMnemonic) called[mnemonic] = called.GetValueOrDefault(mnemonic) + count;
        }
    }

    /// <summary>A region was put to use.</summary>
    public void CountInstalled(Region region)
    {
        lock (gate)
        {
            sizes[SizeOf(region)]++;
            sum = sum with { Regions = sum.Regions + 1 };
        }
    }

    /// <summary>A region was compiled in vain.</summary>
    public void CountDiscarded()
    {
        lock (gate) sum = sum with { RegionsDiscarded = sum.RegionsDiscarded + 1 };
    }

    /// <summary>A region is no longer used.</summary>
    public void CountInvalidated(Region region)
    {
        lock (gate)
        {
            sizes[SizeOf(region)]--;
            sum = sum with { Regions = sum.Regions - 1, RegionsInvalidated = sum.RegionsInvalidated + 1 };
        }
    }

    /// <summary>A region has given its place to another.</summary>
    public void CountReplaced(Region region)
    {
        lock (gate)
        {
            sizes[SizeOf(region)]--;
            sum = sum with { Regions = sum.Regions - 1, RegionsReplaced = sum.RegionsReplaced + 1 };
        }
    }

    /// <summary>A generation is no longer used.</summary>
    public void CountGeneration(IReadOnlyCollection<Region> regions)
    {
        lock (gate)
        {
            foreach (Region region in regions) sizes[SizeOf(region)]--;
            sum = sum with { Regions = sum.Regions - regions.Count, RegionsReleased = sum.RegionsReleased + regions.Count, Generations = sum.Generations + 1 };
        }
    }

    /// <summary>A region's memory was given back.</summary>
    public void CountFreed(Region region)
    {
        lock (gate)
        {
            sum = sum with
            {
                Memory = sum.Memory - region.MemoryBytes,
                HostBytesInUse = sum.HostBytesInUse - region.Summary.HostBytes,
                IlBytesInUse = sum.IlBytesInUse - region.Summary.IlBytes,
            };
            freed.Add(new WeakReference(region.Method));
            if (freed.Count >= MaxFreed) freed.RemoveAll(static r => !r.IsAlive);
        }
    }

    /// <summary>The counts now.</summary>
    public TranslatorStatistics Read()
    {
        lock (gate)
        {
            freed.RemoveAll(static r => !r.IsAlive);
            return sum with
            {
                Uncollected = freed.Count,
                Sizes = [.. Sizes.Select((size, i) => (size, sizes[i]))],
                CalledByMnemonic =
                [
                    .. called.OrderByDescending(static c => c.Value).ThenBy(static c => c.Key).Take(ShownMnemonics)
                        .Select(static c => (c.Key.ToString().ToLowerInvariant(), c.Value)),
                ],
            };
        }
    }

    private static int SizeOf(Region region)
    {
        int index = Array.FindIndex(Sizes, size => region.Summary.Instructions <= size);
        return index < 0 ? Sizes.Length - 1 : index;
    }
}

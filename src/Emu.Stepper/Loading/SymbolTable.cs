namespace Emu.Stepper.Loading;

/// <summary>Names of addresses.</summary>
public sealed class SymbolTable
{
    private readonly SortedList<ulong, string> byAddress = [];
    private readonly Dictionary<string, ulong> byName = new(StringComparer.Ordinal);

    /// <summary>A table without symbols.</summary>
    public static SymbolTable Empty { get; } = new();

    /// <summary>Every symbol.</summary>
    public IEnumerable<KeyValuePair<string, ulong>> All => byName;

    /// <summary>Adds a symbol; the first one at an address names it.</summary>
    public void Add(string name, ulong address)
    {
        byName.TryAdd(name, address);
        byAddress.TryAdd(address, name);
    }

    /// <summary>Adds a number that has a name (<c>equ</c>): it can be used in expressions, but names no place.</summary>
    public void AddNumber(string name, ulong value) => byName.TryAdd(name, value);

    /// <summary>Address of a symbol. A local label (".loop") is found if only one has that name.</summary>
    public bool TryFind(string name, out ulong address)
    {
        if (byName.TryGetValue(name, out address)) return true;
        if (!name.StartsWith('.')) return false;
        List<ulong> found = [.. byName.Where(s => s.Key.EndsWith(name, StringComparison.Ordinal)).Select(s => s.Value)];
        if (found.Count != 1) return false;
        address = found[0];
        return true;
    }

    /// <summary>The symbol at an address, or null.</summary>
    public string? At(ulong address) => byAddress.GetValueOrDefault(address);

    /// <summary>The lowest symbol in the 64 KiB that end at an address; null if there is none.</summary>
    public ulong? FirstBefore(ulong address)
    {
        const ulong reach = 0x10000;
        foreach (ulong symbol in byAddress.Keys)
        {
            if (symbol <= address && address - symbol < reach) return symbol;
        }

        return null;
    }

    /// <summary>The nearest symbol in the 4 KiB that end at an address, below it; null if there is none.</summary>
    public ulong? LastBefore(ulong address)
    {
        const ulong reach = 0x1000;
        ulong? found = null;
        foreach (ulong symbol in byAddress.Keys.TakeWhile(s => s < address)) found = symbol;
        return found is { } last && address - last <= reach ? last : null;
    }

    /// <summary>An address as symbol+distance, if a symbol lies at most 4 KiB below it; null otherwise.</summary>
    public string? Describe(ulong address)
    {
        int low = 0, high = byAddress.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (byAddress.GetKeyAtIndex(middle) <= address) low = middle + 1;
            else high = middle;
        }

        if (low == 0) return null;
        ulong start = byAddress.GetKeyAtIndex(low - 1);
        string name = byAddress.GetValueAtIndex(low - 1);
        return address == start ? name : address - start < 0x1000 ? $"{name}+{address - start:x}h" : null;
    }
}

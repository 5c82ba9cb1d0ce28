using System.Reflection.Emit;

namespace Emu.Jit.Emit;

/// <summary>IL locals that are used again: what RyuJIT spends on a method grows faster than the number of its locals.</summary>
internal sealed class LocalPool
{
    private readonly Dictionary<Type, (List<LocalBuilder> Locals, int Used)> pools = [];

    /// <summary>A local of a type that nobody has taken since the last <see cref="Reset"/>.</summary>
    public LocalBuilder Take(IlWriter il, Type type)
    {
        (List<LocalBuilder> locals, int used) = pools.TryGetValue(type, out var pool) ? pool : ([], 0);
        if (used == locals.Count) locals.Add(il.DeclareLocal(type));
        pools[type] = (locals, used + 1);
        return locals[used];
    }

    /// <summary>Everything taken may be taken again.</summary>
    public void Reset()
    {
        foreach (Type type in pools.Keys) pools[type] = (pools[type].Locals, 0);
    }
}

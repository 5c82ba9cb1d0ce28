namespace Emu.Mmu;

/// <summary>INVPCID types (SDM Vol. 2A, INVPCID).</summary>
public enum InvpcidType
{
    /// <summary>One address of one PCID, except global translations.</summary>
    Address = 0,

    /// <summary>All of one PCID, except global translations.</summary>
    SingleContext = 1,

    /// <summary>Everything, global translations included.</summary>
    AllIncludingGlobal = 2,

    /// <summary>Everything except global translations.</summary>
    AllContexts = 3,
}

/// <content>
/// Flushes. Translations derived from tracked tables never disagree with them, so there is nothing to flush; what remains are page
/// tables that are unsynchronized. A flush may always drop more than asked (SDM Vol. 3A 4.10.4.2), so global translations and
/// PCIDs need no book-keeping here.
/// </content>
public sealed unsafe partial class SoftMmu
{
    /// <summary>
    /// What must follow a MOV to CR0, CR3 or CR4, or a task switch, that flushes translations (SDM Vol. 3A 4.10.4.1). <see cref="LoadCr3"/> includes it.
    /// </summary>
    public void FlushTlb()
    {
        if (_shadow.AnyUnsync)
        {
            _shadow.SyncAll();
        }
    }

    /// <summary>INVLPG.</summary>
    public void InvalidatePage(ulong linear)
    {
        _shadow.SyncEntry(_current, linear, _format);
        _current.InvalidatePage(linear);
    }

    /// <summary>INVPCID with a descriptor the processor has checked.</summary>
    public void Invpcid(InvpcidType type, ushort pcid, ulong linear)
    {
        if (type == InvpcidType.Address && pcid == (_controls.Cr3 & 0xFFF))
        {
            InvalidatePage(linear);
            return;
        }

        FlushTlb();
    }

    /// <summary>Drops every translation of every context of this processor (reset, state loaded from outside, new memory types).</summary>
    public void FlushAll()
    {
        foreach (ShadowContext context in _contexts)
        {
            context.Stale = context.InUse;
        }

        _nested?.Flush();
        _shadow.RemoveContext(_current);
        _current.Stale = false;
    }

    /// <summary>
    /// Drops translations made through nested stages (INVEPT, INVVPID, TLB_CONTROL): EPT and NPT tables are not tracked, so a virtual-machine monitor's
    /// flushes are taken at their word.
    /// </summary>
    /// <param name="stage">Which; null for all.</param>
    public void FlushNested(NestedKey? stage)
    {
        foreach (ShadowContext context in _contexts)
        {
            if (context.InUse && context.Key.IsNested && (stage is null || context.Key.Nested == stage))
            {
                context.Stale = true;
            }
        }

        if (_nested is not null && (stage is null || _nested.Key == stage))
        {
            _nested.Flush();
        }

        if (_current.Stale)
        {
            _shadow.RemoveContext(_current);
            _current.Stale = false;
        }
    }
}

using Emu.Mmu;

namespace Emu.Cpu;

/// <summary>Destination shorthand of an interprocessor interrupt (SDM Vol. 3A 10.6.1).</summary>
internal enum ApicShorthand : byte
{
    None = 0,
    Self = 1,
    AllIncludingSelf = 2,
    AllExcludingSelf = 3,
}

/// <summary>
/// The bus between the local APICs of a machine and its I/O APICs, and the window through which each processor reaches its own
/// local APIC: to be mapped, 4 KBytes, where IA32_APIC_BASE points (FEE0_0000h).
/// </summary>
public sealed class ApicBus : IApicBus, IMemoryDevice
{
    private const uint BroadcastXapic = 0xFF;
    private const uint BroadcastX2apic = uint.MaxValue;

    private readonly List<LocalApic> apics = [];
    private readonly List<IApicEoiListener> listeners = [];
    private int lowestPriorityTurn;

    /// <summary>The local APICs, in the order they were attached.</summary>
    public IReadOnlyList<LocalApic> Apics => apics;

    /// <summary>The local APIC of the processor that is executing: accesses to the window are its own.</summary>
    internal LocalApic? Running { get; set; }

    /// <summary>Connects a processor.</summary>
    public void Attach(Vcpu cpu)
    {
        apics.Add(cpu.Apic);
        cpu.Apic.Bus = this;
        Running ??= cpu.Apic;
    }

    /// <inheritdoc/>
    public void AddEoiListener(IApicEoiListener listener) => listeners.Add(listener);

    /// <inheritdoc/>
    public bool Deliver(in ApicMessage message)
    {
        if (message.DeliveryMode == ApicDeliveryMode.LowestPriority) return DeliverLowestPriority(message);
        bool accepted = false;
        foreach (LocalApic apic in apics)
        {
            if (Addresses(message, apic)) accepted |= apic.Accept(message);
        }

        return accepted;
    }

    /// <summary>An interprocessor interrupt.</summary>
    internal void Send(LocalApic source, in ApicMessage message, ApicShorthand shorthand)
    {
        switch (shorthand)
        {
            case ApicShorthand.None:
                if (!Deliver(message)) source.ReportSendError(message);
                break;
            case ApicShorthand.Self:
                source.Accept(message);
                break;
            default:
                foreach (LocalApic apic in apics)
                {
                    if (apic != source || shorthand == ApicShorthand.AllIncludingSelf) apic.Accept(message);
                }

                break;
        }
    }

    internal void BroadcastEndOfInterrupt(byte vector)
    {
        foreach (IApicEoiListener listener in listeners) listener.EndOfInterrupt(vector);
    }

    /// <summary>Picks the addressed processor of lowest priority; equals take turns (SDM Vol. 3A 10.6.2.4).</summary>
    private bool DeliverLowestPriority(in ApicMessage message)
    {
        LocalApic? chosen = null;
        int start = apics.Count == 0 ? 0 : (int)((uint)lowestPriorityTurn++ % (uint)apics.Count);
        for (int i = 0; i < apics.Count; i++)
        {
            LocalApic apic = apics[(start + i) % apics.Count];
            if (!Addresses(message, apic) || !apic.IsSoftwareEnabled) continue;
            if (chosen == null || apic.ProcessorPriority < chosen.ProcessorPriority) chosen = apic;
        }

        return chosen != null && chosen.Accept(message);
    }

    private static bool Addresses(in ApicMessage message, LocalApic apic)
    {
        if (!apic.IsEnabled) return false;
        if (message.Destination == BroadcastX2apic) return true;
        if (!message.LogicalDestination)
        {
            return message.Destination == apic.Id || (message.Destination == BroadcastXapic && apic.Id < BroadcastXapic);
        }

        return apic.MatchesLogical(message.Destination);
    }

    /// <summary>Writes whose turn it is among processors of equal priority; the local APICs are saved with their processors.</summary>
    public void SaveState(BinaryWriter writer) => writer.Write(lowestPriorityTurn);

    /// <summary>Reads what <see cref="SaveState"/> wrote.</summary>
    public void LoadState(BinaryReader reader) => lowestPriorityTurn = reader.ReadInt32();

    /// <inheritdoc/>
    int IMemoryDevice.MaxAccessSize => 4;

    /// <inheritdoc/>
    ulong IMemoryDevice.ReadMemory(ulong offset, int size) => Running?.ReadWindow((uint)offset, size) ?? uint.MaxValue;

    /// <inheritdoc/>
    void IMemoryDevice.WriteMemory(ulong offset, int size, ulong value) => Running?.WriteWindow((uint)offset, size, (uint)value);
}

using System.Numerics;

namespace Emu.Cpu;

/// <summary>
/// The local APIC of one processor (SDM Vol. 3A chapter 10): xAPIC through the memory window of <see cref="ApicBus"/>, x2APIC
/// through MSRs 800h-8FFh.
/// </summary>
public sealed partial class LocalApic
{
    private const uint BaseBootstrap = 1 << 8;
    private const uint BaseX2apic = 1 << 10;
    private const uint BaseEnable = 1 << 11;
    private const ulong DefaultAddress = 0xFEE00000;

    /// <summary>Version 14h, 7 LVT entries, EOI-broadcast suppression.</summary>
    private const uint VersionValue = 0x01060014;

    private readonly Vcpu cpu;
    private readonly uint[] isr = new uint[8];
    private readonly uint[] tmr = new uint[8];
    private readonly uint[] irr = new uint[8];
    private ulong baseMsr;
    private byte taskPriority;
    private uint logicalDestination;
    private uint destinationFormat;
    private uint spurious;
    private uint commandLow;
    private uint commandHigh;
    private ApicErrors errorStatus;
    private ApicErrors errorsSeen;
    private bool externalInterrupt;

    internal LocalApic(Vcpu cpu, IClock clock)
    {
        this.cpu = cpu;
        this.clock = clock;
        timer = clock.CreateTimer(OnTimer);
        Id = cpu.ApicId;
    }

    /// <summary>The bus it is attached to; without one it can reach only itself.</summary>
    internal ApicBus? Bus { get; set; }

    /// <summary>APIC ID: 8 bits in xAPIC mode, 32 in x2APIC mode.</summary>
    public uint Id { get; }

    /// <summary>IA32_APIC_BASE.</summary>
    public ulong BaseAddressMsr => baseMsr;

    /// <summary>Enabled by IA32_APIC_BASE. When it is not, LINT0 is the processor's INTR pin.</summary>
    public bool IsEnabled => (baseMsr & BaseEnable) != 0;

    /// <summary>In x2APIC mode.</summary>
    public bool IsX2apic => (baseMsr & (BaseEnable | BaseX2apic)) == (BaseEnable | BaseX2apic);

    /// <summary>Enabled, and by the spurious-interrupt vector register too.</summary>
    public bool IsSoftwareEnabled => IsEnabled && (spurious & 0x100) != 0;

    /// <summary>Raised after IA32_APIC_BASE has changed, so that the machine can move or remove the register window.</summary>
    public event Action<LocalApic>? BaseChanged;

    /// <summary>TPR; CR8 is its upper nibble.</summary>
    public byte TaskPriority
    {
        get => taskPriority;
        set
        {
            taskPriority = value;
            UpdateRequest();
        }
    }

    /// <summary>PPR (SDM Vol. 3A 10.8.3.1).</summary>
    public byte ProcessorPriority
    {
        get
        {
            int inService = Highest(isr);
            return inService >= 0 && (inService & 0xF0) > (taskPriority & 0xF0) ? (byte)(inService & 0xF0) : taskPriority;
        }
    }

    /// <summary>State after power-up or RESET (SDM Vol. 3A 10.4.7.1), except that LINT0 of the bootstrap processor is set up for virtual-wire mode.</summary>
    internal void Reset()
    {
        baseMsr = DefaultAddress | BaseEnable | (Id == 0 ? BaseBootstrap : 0u);
        ResetByInit();
        BaseChanged?.Invoke(this);
    }

    /// <summary>State after INIT: as <see cref="Reset"/>, IA32_APIC_BASE unchanged.</summary>
    internal void ResetByInit()
    {
        Array.Clear(isr);
        Array.Clear(tmr);
        Array.Clear(irr);
        taskPriority = 0;
        logicalDestination = IsX2apic ? LogicalX2apicId : 0;
        destinationFormat = uint.MaxValue;
        spurious = 0xFF;
        commandLow = commandHigh = 0;
        errorStatus = errorsSeen = ApicErrors.None;
        externalInterrupt = false;
        Array.Fill(lvt, LvtMasked);
        // A guest started without firmware finds the 8259A connected, as QEMU and KVM have it.
        if ((baseMsr & BaseBootstrap) != 0) lvt[(int)Lvt.Lint0] = (uint)ApicDeliveryMode.ExternalInterrupt << 8;
        ResetTimer();
        UpdateRequest();
    }

    private uint LogicalX2apicId => ((Id >> 4) << 16) | (1u << (int)(Id & 15));

    /// <summary>WRMSR to IA32_APIC_BASE; false is #GP(0) (SDM Vol. 3A 10.4.4, 10.12.5).</summary>
    internal bool TryWriteBase(ulong value, ulong physicalMask, bool x2apicSupported)
    {
        ulong allowed = (physicalMask & ~0xFFFUL) | BaseBootstrap | BaseEnable | (x2apicSupported ? BaseX2apic : 0u);
        if ((value & ~allowed) != 0) return false;
        const uint ModeBits = BaseEnable | BaseX2apic;
        ulong from = baseMsr & ModeBits;
        ulong to = value & ModeBits;
        if (to == BaseX2apic) return false;
        if (from == 0 && to == ModeBits) return false;
        if (from == ModeBits && to == BaseEnable) return false;
        baseMsr = value;
        if (from != to)
        {
            if (to == 0)
            {
                ResetByInit();
            }
            else if (to == ModeBits)
            {
                logicalDestination = LogicalX2apicId;
                commandHigh = 0;
            }
        }

        UpdateRequest();
        BaseChanged?.Invoke(this);
        return true;
    }

    /// <summary>Whether a logical destination includes this APIC (SDM Vol. 3A 10.6.2.2, 10.12.10).</summary>
    internal bool MatchesLogical(uint destination)
    {
        if (IsX2apic)
        {
            return destination >> 16 == logicalDestination >> 16 && (destination & logicalDestination & 0xFFFF) != 0;
        }

        if (destination > 0xFF) return false;
        if (destination == 0xFF) return true;
        uint own = logicalDestination >> 24;
        return destinationFormat >> 28 == 0xF
            ? (destination & own) != 0
            : destination >> 4 == own >> 4 && (destination & own & 0xF) != 0;
    }

    /// <summary>Takes a message addressed to this APIC. False if it cannot.</summary>
    internal bool Accept(in ApicMessage message)
    {
        if (!IsEnabled) return false;
        switch (message.DeliveryMode)
        {
            case ApicDeliveryMode.Fixed:
            case ApicDeliveryMode.LowestPriority:
                if (!IsSoftwareEnabled) return false;
                RequestVector(message.Vector, message.LevelTriggered);
                return true;
            case ApicDeliveryMode.Smi:
                cpu.RaiseSmi();
                return true;
            case ApicDeliveryMode.Nmi:
                cpu.RaiseNmi();
                return true;
            case ApicDeliveryMode.Init:
                if (message.Level || !message.LevelTriggered) cpu.Init();
                return true;
            case ApicDeliveryMode.StartUp:
                cpu.Sipi(message.Vector);
                return true;
            case ApicDeliveryMode.ExternalInterrupt:
                externalInterrupt = true;
                UpdateRequest();
                return true;
            default:
                return false;
        }
    }

    private void RequestVector(byte vector, bool levelTriggered)
    {
        if (vector < 16)
        {
            ReportError(ApicErrors.ReceiveIllegalVector);
            return;
        }

        uint bit = 1u << (vector & 31);
        irr[vector >> 5] |= bit;
        if (levelTriggered) tmr[vector >> 5] |= bit;
        else tmr[vector >> 5] &= ~bit;
        UpdateRequest();
    }

    /// <summary>Tells the processor whether there is a maskable interrupt for it.</summary>
    private void UpdateRequest()
    {
        int requested = Highest(irr);
        bool vectored = requested >= 0 && IsSoftwareEnabled && (requested & 0xF0) > (ProcessorPriority & 0xF0);
        cpu.SetInterruptRequest(vectored || HasExternalInterrupt);
    }

    /// <summary>Interrupt acknowledge: the vector to deliver, or false if the request has gone.</summary>
    internal bool TryAcknowledge(out byte vector)
    {
        if (HasExternalInterrupt)
        {
            externalInterrupt = false;
            vector = cpu.Bus.AcknowledgeExternalInterrupt();
            UpdateRequest();
            return true;
        }

        int requested = Highest(irr);
        vector = (byte)Math.Max(requested, 0);
        if (requested < 0 || !IsSoftwareEnabled || (requested & 0xF0) <= (ProcessorPriority & 0xF0))
        {
            UpdateRequest();
            return false;
        }

        irr[vector >> 5] &= ~(1u << (vector & 31));
        isr[vector >> 5] |= 1u << (vector & 31);
        UpdateRequest();
        return true;
    }

    /// <summary>EOI: ends the interrupt of highest priority in service (SDM Vol. 3A 10.8.5).</summary>
    private void EndOfInterrupt()
    {
        int vector = Highest(isr);
        if (vector < 0) return;
        uint bit = 1u << (vector & 31);
        isr[vector >> 5] &= ~bit;
        UpdateRequest();
        if ((tmr[vector >> 5] & bit) == 0) return;
        if ((lvt[(int)Lvt.Lint0] & 0xFF) == vector) EndLevelInterrupt(0);
        if ((lvt[(int)Lvt.Lint1] & 0xFF) == vector) EndLevelInterrupt(1);
        if ((spurious & 0x1000) == 0) Bus?.BroadcastEndOfInterrupt((byte)vector);
    }

    private static int Highest(uint[] bits)
    {
        for (int i = 7; i >= 0; i--)
        {
            if (bits[i] != 0) return (i * 32) + BitOperations.Log2(bits[i]);
        }

        return -1;
    }

    /// <summary>Records an error and raises the error interrupt for it.</summary>
    private void ReportError(ApicErrors error)
    {
        errorsSeen |= error;
        TriggerLocal(Lvt.Error);
    }

    internal void ReportSendError(in ApicMessage message)
    {
        // Only P6 and Pentium report a missing acceptor; later processors drop the message.
        if (message.Vector < 16 && message.DeliveryMode is ApicDeliveryMode.Fixed or ApicDeliveryMode.LowestPriority)
        {
            ReportError(ApicErrors.SendIllegalVector);
        }
    }

    /// <summary>Sends what the interrupt command register says (SDM Vol. 3A 10.6.1).</summary>
    private void SendCommand()
    {
        ApicDeliveryMode mode = (ApicDeliveryMode)((commandLow >> 8) & 7);
        byte vector = (byte)commandLow;
        ApicShorthand shorthand = (ApicShorthand)((commandLow >> 18) & 3);
        bool level = (commandLow & (1u << 14)) != 0;
        bool levelTriggered = (commandLow & (1u << 15)) != 0;
        if (mode is ApicDeliveryMode.Fixed or ApicDeliveryMode.LowestPriority && vector < 16)
        {
            ReportError(ApicErrors.SendIllegalVector);
            return;
        }

        // INIT level de-assert only set arbitration IDs, which nothing has any more.
        if (mode == ApicDeliveryMode.Init && levelTriggered && !level) return;
        uint destination = IsX2apic ? commandHigh : commandHigh >> 24;
        // Interprocessor interrupts are edge-triggered whatever the trigger bit says, INIT aside.
        ApicMessage message = new(destination, (commandLow & (1u << 11)) != 0, mode, vector, Level: true, LevelTriggered: false);
        if (Bus != null) Bus.Send(this, message, shorthand);
        else if (shorthand is ApicShorthand.Self or ApicShorthand.AllIncludingSelf || destination == Id) Accept(message);
    }
}

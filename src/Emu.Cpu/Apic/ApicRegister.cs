namespace Emu.Cpu;

/// <summary>Local APIC registers by offset in the xAPIC page; in x2APIC mode MSR 800h + offset / 16 (SDM Vol. 3A tables 10-1, 10-6).</summary>
internal static class ApicRegister
{
    public const uint Id = 0x20;
    public const uint Version = 0x30;
    public const uint TaskPriority = 0x80;
    public const uint ArbitrationPriority = 0x90;
    public const uint ProcessorPriority = 0xA0;
    public const uint EndOfInterrupt = 0xB0;
    public const uint RemoteRead = 0xC0;
    public const uint LogicalDestination = 0xD0;
    public const uint DestinationFormat = 0xE0;
    public const uint SpuriousVector = 0xF0;
    public const uint InService = 0x100;
    public const uint TriggerMode = 0x180;
    public const uint InterruptRequest = 0x200;
    public const uint ErrorStatus = 0x280;
    public const uint LvtCmci = 0x2F0;
    public const uint CommandLow = 0x300;
    public const uint CommandHigh = 0x310;
    public const uint LvtTimer = 0x320;
    public const uint LvtThermal = 0x330;
    public const uint LvtPerformance = 0x340;
    public const uint LvtLint0 = 0x350;
    public const uint LvtLint1 = 0x360;
    public const uint LvtError = 0x370;
    public const uint InitialCount = 0x380;
    public const uint CurrentCount = 0x390;
    public const uint DivideConfiguration = 0x3E0;
    public const uint SelfIpi = 0x3F0;
}

/// <summary>Bits of the error status register (SDM Vol. 3A 10.5.3).</summary>
[Flags]
internal enum ApicErrors : uint
{
    None = 0,
    SendAccept = 1 << 2,
    ReceiveAccept = 1 << 3,
    SendIllegalVector = 1 << 5,
    ReceiveIllegalVector = 1 << 6,
    IllegalRegister = 1 << 7,
}

namespace Emu.Mmu.Tests;

/// <summary>A machine's memory side: some RAM at 0, and a processor's MMU over it.</summary>
internal sealed unsafe class TestBoard : IDisposable
{
    public TestBoard(ulong ramSize = 1 << 30, PagingFeatures? features = null, int maxContexts = SoftMmu.DefaultMaxContexts)
    {
        Memory = new GuestMemory(1UL << 33);
        Ram = Memory.AllocateRam("ram", ramSize);
        Root = MemoryRegion.CreateContainer("system");
        RamRegion = MemoryRegion.CreateRam("ram", Ram);
        Root.AddSubregion(0, RamRegion);
        Space = new AddressSpace("memory", Memory, Root);
        Mmu = new SoftMmu(Space, features ?? PagingFeatures.Full, maxContexts);
    }

    public GuestMemory Memory { get; }

    public GuestRam Ram { get; }

    public MemoryRegion Root { get; }

    public MemoryRegion RamRegion { get; }

    public AddressSpace Space { get; }

    public SoftMmu Mmu { get; }

    public void Dispose()
    {
        Mmu.Dispose();
        Space.Dispose();
        Memory.Dispose();
    }

    public void Write32(ulong physical, uint value) => Space.Write(physical, 4, value);

    public void Write64(ulong physical, ulong value) => Space.Write(physical, 8, value);

    public uint Read32(ulong physical) => (uint)Space.Read(physical, 4);

    public ulong Read64(ulong physical) => Space.Read(physical, 8);

    /// <summary>What translated code does: the host address if the access hits the TLB, else null.</summary>
    public byte* Hit(ulong linear, int size, AccessKind kind, AccessClass accessClass)
    {
        TlbEntry* entry = kind == AccessKind.Execute ? Mmu.CodeEntry(accessClass, linear) : Mmu.DataEntry(accessClass, linear);
        ulong tag = kind switch
        {
            AccessKind.Read => entry->ReadTag,
            AccessKind.Write => entry->WriteTag,
            _ => entry->ExecuteTag,
        };
        return ((linear + (ulong)size - 1) & ~0xFFFUL) == tag ? (byte*)(linear + (ulong)entry->Addend) : null;
    }

    /// <summary>An access inside one page as the processor makes it: TLB first, then a fill.</summary>
    public bool Access(ulong linear, AccessKind kind, AccessClass accessClass, out Translation t)
    {
        byte* host = Hit(linear, 1, kind, accessClass);
        if (host != null)
        {
            t = new Translation { Linear = linear, Host = host, Physical = (ulong)(host - Ram.Base), GuestPhysical = (ulong)(host - Ram.Base) };
            return true;
        }

        return Mmu.Fill(linear, kind, accessClass, out t);
    }

    /// <summary>A write of 8 bytes by the guest, inside one page.</summary>
    public bool GuestWrite64(ulong linear, ulong value, AccessClass accessClass = AccessClass.Supervisor)
    {
        byte* host = Hit(linear, 8, AccessKind.Write, accessClass);
        if (host != null)
        {
            *(ulong*)host = value;
            return true;
        }

        if (!Mmu.Fill(linear, AccessKind.Write, accessClass, out Translation t))
        {
            return false;
        }

        if (t.Host == null)
        {
            Space.Write(t.Physical, 8, value);
            return true;
        }

        *(ulong*)t.Host = value;
        Memory.NotifyWrite(t.Host, 8);
        return true;
    }
}

/// <summary>A device that records what it is asked.</summary>
internal sealed class RecordingDevice(int maxAccessSize) : IMemoryDevice, IPortDevice
{
    public int MaxAccessSize => maxAccessSize;

    public int MaxPortAccessSize => maxAccessSize;

    public List<(bool Write, ulong Offset, int Size, ulong Value)> Log { get; } = [];

    public Func<ulong, int, ulong> OnRead { get; set; } = static (offset, size) =>
    {
        ulong value = 0;
        for (int i = 0; i < size; i++)
        {
            value |= (ulong)(byte)(offset + (ulong)i) << (8 * i);
        }

        return value;
    };

    public ulong ReadMemory(ulong offset, int size)
    {
        Log.Add((false, offset, size, 0));
        return OnRead(offset, size);
    }

    public void WriteMemory(ulong offset, int size, ulong value) => Log.Add((true, offset, size, value));

    public uint ReadPort(ushort offset, int size) => (uint)ReadMemory(offset, size);

    public void WritePort(ushort offset, int size, uint value) => WriteMemory(offset, size, value);
}

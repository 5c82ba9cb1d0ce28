using Emu.Conformance.Generation;
using Emu.Cpu;
using Emu.Mmu;

namespace Emu.Conformance.Fuzz;

/// <summary>A processor with a little memory, a device and ports that answer anything.</summary>
internal sealed unsafe class FuzzMachine : IDisposable, ICpuBus, IMemoryDevice
{
    private readonly GuestMemory _memory = new(1UL << 30);
    private readonly GuestRam _ram;
    private readonly AddressSpace _space;
    private readonly CodeCache _code;
    private readonly ApicBus _apics = new();
    private readonly IDisposable? _engine;
    private readonly byte[] _image;
    private Random64 _answers;

    /// <summary>Builds the machine; its answers to the processor depend on <paramref name="random"/> alone.</summary>
    public FuzzMachine(CpuModel model, Func<Vcpu, IDisposable?> attach, bool user, Random64 random)
    {
        _image = FuzzImage.Build(user);
        _answers = random;
        _ram = _memory.AllocateRam("test memory", FuzzImage.RamSize);
        MemoryRegion root = MemoryRegion.CreateContainer("physical");
        root.AddSubregion(0, MemoryRegion.CreateRam("test memory", _ram));
        root.AddSubregion(FuzzImage.Device, MemoryRegion.CreateDevice("device", 0x1000, this));
        root.AddSubregion(0xFEE0_0000, MemoryRegion.CreateDevice("apic", 0x1000, _apics));
        _space = new AddressSpace("test", _memory, root);
        _code = new CodeCache(_memory);
        Cpu = new Vcpu(model, _space, this, _code) { Entropy = () => _answers.Next() };
        _apics.Attach(Cpu);
        _engine = attach(Cpu);
    }

    /// <summary>The processor.</summary>
    public Vcpu Cpu { get; }

    /// <summary>A triple fault has happened since <see cref="RestoreImage"/>.</summary>
    public bool HasShutDown { get; private set; }

    /// <summary>Puts the tables back that guest code may have overwritten.</summary>
    public void RestoreImage()
    {
        HasShutDown = false;
        for (int page = 0; page < _image.Length; page += 0x1000)
        {
            ReadOnlySpan<byte> good = _image.AsSpan(page, 0x1000);
            if (!good.SequenceEqual(new ReadOnlySpan<byte>(_ram.Base + page, 0x1000))) _ram.Write((ulong)page, good);
        }
    }

    /// <summary>Writes memory from outside, as a device would.</summary>
    public void Write(uint physical, ReadOnlySpan<byte> bytes) => _ram.Write(physical, bytes);

    /// <summary>Bytes of memory, for messages.</summary>
    public byte[] Read(ulong physical, int count)
    {
        var bytes = new byte[count];
        _space.Read(physical, bytes);
        return bytes;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _engine?.Dispose();
        Cpu.Dispose();
        _code.Dispose();
        _space.Dispose();
        _ram.Dispose();
        _memory.Dispose();
    }

    uint ICpuBus.ReadPort(ushort port, int size) => (uint)_answers.Next();

    void ICpuBus.WritePort(ushort port, int size, uint value)
    {
        // A device that raises its interrupt now and then.
        if (_answers.Percent(20)) Cpu.SetInterruptLine(_answers.Percent(50));
    }

    byte ICpuBus.AcknowledgeExternalInterrupt()
    {
        Cpu.SetInterruptLine(false);
        return (byte)_answers.Next();
    }

    void ICpuBus.Shutdown(Vcpu cpu) => HasShutDown = true;

    void ICpuBus.SetFloatingPointError(bool asserted)
    {
        if (asserted && _answers.Percent(50)) Cpu.SetInterruptLine(true);
    }

    ulong IMemoryDevice.ReadMemory(ulong offset, int size) => _answers.Next();

    void IMemoryDevice.WriteMemory(ulong offset, int size, ulong value)
    {
    }
}

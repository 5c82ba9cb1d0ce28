using Emu.Cpu;
using Emu.Devices.Isa;
using Emu.Devices.Storage;
using Emu.Mmu;

namespace Emu.Devices.Tests.Storage;

/// <summary>A clock that tests move by hand, to the next timer or until a condition holds.</summary>
internal sealed class ManualClock : IClock
{
    private readonly List<Timer> _timers = [];

    public long Nanoseconds { get; private set; } = 1_000_000;

    public IClockTimer CreateTimer(Action expired)
    {
        var timer = new Timer(expired);
        _timers.Add(timer);
        return timer;
    }

    /// <summary>Goes to the next armed timer and fires it; false if none is armed.</summary>
    public bool Step()
    {
        Timer? next = _timers.Where(timer => timer.Deadline != long.MaxValue).MinBy(timer => timer.Deadline);
        if (next is null) return false;
        Nanoseconds = Math.Max(Nanoseconds, next.Deadline);
        next.Fire();
        return true;
    }

    public void Settle()
    {
        for (int i = 0; i < 1_000_000 && Step(); i++)
        {
        }
    }

    private sealed class Timer(Action expired) : IClockTimer
    {
        public long Deadline { get; private set; } = long.MaxValue;

        public void Arm(long deadlineNanoseconds) => Deadline = deadlineNanoseconds;

        public void Cancel() => Deadline = long.MaxValue;

        public void Fire()
        {
            Deadline = long.MaxValue;
            expired();
        }
    }
}

/// <summary>An interrupt wire that counts rising edges.</summary>
internal sealed class CountingLine : IInterruptLine
{
    public bool Level { get; private set; }

    public int Edges { get; private set; }

    public void Set(bool level)
    {
        if (level && !Level) Edges++;
        Level = level;
    }
}

/// <summary>Memory from bus address 0.</summary>
internal sealed class FlatMemory(int size) : IBusMemory
{
    public byte[] Bytes { get; } = new byte[size];

    public void Read(ulong physical, Span<byte> destination)
    {
        destination.Fill(0xFF);
        int count = (int)Math.Min((ulong)destination.Length, physical < (ulong)Bytes.Length ? (ulong)Bytes.Length - physical : 0);
        if (count > 0) Bytes.AsSpan((int)physical, count).CopyTo(destination);
    }

    public void Write(ulong physical, ReadOnlySpan<byte> source)
    {
        int count = (int)Math.Min((ulong)source.Length, physical < (ulong)Bytes.Length ? (ulong)Bytes.Length - physical : 0);
        if (count > 0) source[..count].CopyTo(Bytes.AsSpan((int)physical));
    }
}

/// <summary>Wires and the real 8237 pair.</summary>
internal sealed class TestIsaBus(IBusMemory memory) : IIsaBus
{
    public CountingLine[] Lines { get; } = [.. Enumerable.Range(0, 16).Select(_ => new CountingLine())];

    public DmaPair Dma { get; } = new(memory);

    public IInterruptLine ConnectInterrupt(int irq) => Lines[irq];

    public IDmaChannel GetDmaChannel(int channel) => Dma.GetChannel(channel);
}

/// <summary>A disk image in memory that can be told to fail.</summary>
internal sealed class MemoryImage(byte[] data, bool readOnly = false) : BlockImage
{
    public byte[] Data { get; } = data;

    public DiskImageError? FailWith { get; set; }

    public int Flushes { get; private set; }

    public List<(long Offset, long Length)> Discards { get; } = [];

    public override string Format => "raw";

    public override string FileName => "memory";

    public override long Length => Data.Length;

    public override bool IsReadOnly => readOnly;

    public override void ReadAt(long offset, Span<byte> buffer)
    {
        CheckRange(offset, buffer.Length);
        Fail();
        Data.AsSpan((int)offset, buffer.Length).CopyTo(buffer);
    }

    public override void WriteAt(long offset, ReadOnlySpan<byte> data)
    {
        CheckRange(offset, data.Length);
        CheckWritable();
        Fail();
        data.CopyTo(Data.AsSpan((int)offset));
    }

    public override void WriteZeroes(long offset, long length) => Data.AsSpan((int)offset, (int)length).Clear();

    public override void Discard(long offset, long length) => Discards.Add((offset, length));

    public override void Flush()
    {
        Fail();
        Flushes++;
    }

    public override BlockExtent QueryExtent(long offset) => new(BlockExtentKind.Data, Length - offset);

    protected override void Dispose(bool disposing)
    {
    }

    public static byte[] Pattern(int length, int seed = 1)
    {
        byte[] data = new byte[length];
        new Random(seed).NextBytes(data);
        return data;
    }

    private void Fail()
    {
        if (FailWith is { } error) throw new DiskImageException(error, "told to fail");
    }
}

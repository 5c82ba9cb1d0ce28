using System.Buffers.Binary;

namespace Emu.Devices.Pci;

/// <summary>
/// Message-signalled interrupt capability with 64-bit address and one to 32 messages, optionally per-vector masking (PCI 3.0, 6.8.1).
/// </summary>
/// <remarks>Offsets: +2 control, +4 address, +8 upper address, +C data, +10 mask, +14 pending.</remarks>
public sealed class MsiCapability
{
    public const int Size = 14;
    public const int SizeWithMasking = 24;

    private const ushort ControlEnable = 1 << 0;
    private const int MultipleCapableShift = 1;
    private const int MultipleEnableShift = 4;
    private const ushort Control64Bit = 1 << 7;
    private const ushort ControlPerVectorMasking = 1 << 8;

    private readonly Memory<byte> _configuration;
    private readonly PciDevice _device;
    private readonly bool _masking;
    private readonly int _log2Messages;

    internal MsiCapability(PciDevice device, Memory<byte> configuration, int offset, int messages, bool masking)
    {
        _configuration = configuration;
        _device = device;
        _masking = masking;
        _log2Messages = System.Numerics.BitOperations.Log2((uint)messages);
        Offset = offset;
    }

    /// <summary>Where it lies in configuration space.</summary>
    public int Offset { get; }

    internal uint ControlResetValue =>
        (uint)(Control64Bit | (_masking ? ControlPerVectorMasking : 0) | _log2Messages << MultipleCapableShift);

    internal const uint ControlWritable = ControlEnable | 7u << MultipleEnableShift;

    /// <summary>The guest turned MSI on: the function must not use its INTx# pin.</summary>
    public bool IsEnabled => (Word(2) & ControlEnable) != 0;

    /// <summary>Sends message <paramref name="vector"/>, or holds it pending while masked.</summary>
    public void Send(int vector)
    {
        if (!IsEnabled)
            return;
        int granted = Math.Min((Word(2) >> MultipleEnableShift) & 7, _log2Messages);
        uint number = (uint)vector & ((1u << granted) - 1);
        if (_masking && (Dword(0x10) & 1u << (int)number) != 0)
        {
            SetPending(Dword(0x14) | 1u << (int)number);
            return;
        }
        uint data = (uint)Word(0xC) & ~((1u << granted) - 1) | number;
        _device.Bus?.MessageInterrupts?.Send(Dword(4) & ~3ul | (ulong)Dword(8) << 32, data);
    }

    /// <summary>The function calls it after a configuration write to the capability: sends what was unmasked.</summary>
    public void ConfigurationWritten()
    {
        if (!_masking || !IsEnabled)
            return;
        uint ready = Dword(0x14) & ~Dword(0x10);
        SetPending(Dword(0x14) & ~ready);
        for (; ready != 0; ready &= ready - 1)
            Send(System.Numerics.BitOperations.TrailingZeroCount(ready));
    }

    private void SetPending(uint value) => BinaryPrimitives.WriteUInt32LittleEndian(_configuration.Span[(Offset + 0x14)..], value);

    private int Word(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_configuration.Span[(Offset + at)..]);

    private uint Dword(int at) => BinaryPrimitives.ReadUInt32LittleEndian(_configuration.Span[(Offset + at)..]);
}

using Emu.Devices.Isa;
using Emu.Devices.Pci;
using Emu.Mmu;

namespace Emu.Devices.Storage.Ide;

/// <summary>
/// The IDE function of the PIIX3 (function 1, 8086:7010; data sheet 290550, 2.3, 2.4 and 3.5): two channels at the ports every PC has
/// had them, and a bus master for each behind BAR 4.
/// </summary>
public sealed class Piix3Ide : PciDevice
{
    private const int TimingPrimary = 0x40, TimingSecondary = 0x42, SlaveTiming = 0x44;
    private const ushort DecodeEnable = 1 << 15, TimingWritable = 0xF3FF;
    private const int BusMasterBar = 4, BusMasterPorts = 16;

    private static readonly ushort[] CommandPorts = [0x1F0, 0x170];
    private static readonly ushort[] ControlPorts = [0x3F6, 0x376];

    private readonly IdeChannel[] _channels;
    private readonly List<PortMapping>[] _mappings = [[], []];

    /// <param name="isa">Interrupt requests 14 and 15.</param>
    public Piix3Ide(IIsaBus isa)
        : base("piix3-ide", new PciIdentity(0x8086, 0x7010, 0x010180))
    {
        _channels = [new IdeChannel(isa.ConnectInterrupt(14), BusMemory), new IdeChannel(isa.ConnectInterrupt(15), BusMemory)];
        DefineRegister(PciRegister.Command, 2, 0, (uint)(PciCommand.IoSpace | PciCommand.BusMaster));
        DefineRegister(PciRegister.Status, 2, (uint)(PciStatus.DevselMedium | PciStatus.FastBackToBack), 0, (uint)PciStatus.WriteOneToClear);
        DefineRegister(TimingPrimary, 2, 0, TimingWritable);
        DefineRegister(TimingSecondary, 2, 0, TimingWritable);
        DefineRegister(SlaveTiming, 1, 0, 0xFF);
        AddPortBar(BusMasterBar, BusMasterPorts, new BusMasterBlock(_channels));
    }

    /// <summary>Primary and secondary channel.</summary>
    public IReadOnlyList<IdeChannel> Channels => _channels;

    /// <summary>Plugs a drive in.</summary>
    /// <param name="index">0 primary master, 1 primary slave, 2 secondary master, 3 secondary slave: <c>-hda</c> to <c>-hdd</c>.</param>
    /// <param name="drive">The drive.</param>
    public void Attach(int index, IdeDrive drive)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, 3);
        _channels[index >> 1].Attach(index & 1, drive);
    }

    /// <summary>Does what a BIOS does at power-on: makes both channels decode their ports. For kernels started without a BIOS.</summary>
    public void EnableDecoding()
    {
        WriteConfiguration(TimingPrimary, 2, DecodeEnable);
        WriteConfiguration(TimingSecondary, 2, DecodeEnable);
        WriteConfiguration(PciRegister.Command, 2, (uint)(Command | PciCommand.IoSpace));
    }

    /// <inheritdoc/>
    public override void Reset()
    {
        base.Reset();
        foreach (IdeChannel channel in _channels) channel.Reset();
        UpdateDecoding();
    }

    /// <inheritdoc/>
    public override void SaveState(BinaryWriter writer)
    {
        base.SaveState(writer);
        foreach (IdeChannel channel in _channels) channel.SaveState(writer);
    }

    /// <inheritdoc/>
    public override void LoadState(BinaryReader reader)
    {
        base.LoadState(reader);
        foreach (IdeChannel channel in _channels) channel.LoadState(reader);
        UpdateDecoding();
    }

    /// <inheritdoc/>
    public override void Describe(TextWriter writer)
    {
        base.Describe(writer);
        for (int i = 0; i < 4; i++)
        {
            if (_channels[i >> 1].Drives[i & 1] is not { } drive) continue;
            string medium = drive.Backend is { } backend
                ? $"{backend.Image.FileName} ({backend.Image.Format}, {ImageSize.Format(backend.Image.Length)}{(backend.Image.IsReadOnly ? ", read-only" : "")})"
                : "no medium";
            writer.WriteLine($"      ide{i >> 1}-{(drive is AtapiCdRom ? "cd" : "hd")}{i & 1}: {drive.Model}, {medium}");
        }
    }

    /// <inheritdoc/>
    protected override void ConfigurationWritten(int offset, int size)
    {
        if (Overlaps(offset, size, PciRegister.Command, 2) || Overlaps(offset, size, TimingPrimary, 4)) UpdateDecoding();
    }

    /// <inheritdoc/>
    protected override void Attached()
    {
        if (Bus is null) return;
        for (int i = 0; i < 2; i++)
        {
            _mappings[i].Add(Bus.Ports.Map(CommandPorts[i], 8, _channels[i].CommandBlock, $"ide{i}"));
            _mappings[i].Add(Bus.Ports.Map(ControlPorts[i], 1, _channels[i].ControlBlock, $"ide{i}-control"));
        }
        UpdateDecoding();
    }

    /// <summary>A channel answers while the command register enables I/O space and its timing register enables decoding (2.3.12).</summary>
    private void UpdateDecoding()
    {
        for (int i = 0; i < 2; i++)
        {
            bool enabled = (Command & PciCommand.IoSpace) != 0 && (ReadWord(TimingPrimary + 2 * i) & DecodeEnable) != 0;
            foreach (PortMapping mapping in _mappings[i]) mapping.Enabled = enabled;
        }
    }

    private sealed class BusMasterBlock(IdeChannel[] channels) : IPortDevice
    {
        public int MaxPortAccessSize => 4;

        public uint ReadPort(ushort offset, int size)
        {
            uint value = 0;
            for (int i = 0; i < size && offset + i < BusMasterPorts; i++)
                value |= (uint)channels[offset + i >> 3].BusMaster.ReadByte(offset + i & 7) << (8 * i);
            return value;
        }

        public void WritePort(ushort offset, int size, uint value)
        {
            for (int i = 0; i < size && offset + i < BusMasterPorts; i++)
                channels[offset + i >> 3].BusMaster.WriteByte(offset + i & 7, (byte)(value >> (8 * i)));
        }
    }
}

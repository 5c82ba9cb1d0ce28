using System.Buffers.Binary;
using System.Text;

using Emu.Devices.Firmware.Acpi;
using Xunit;

namespace Emu.Devices.Tests.Firmware;

/// <summary>Runs a table loader script as firmware does, at fixed load addresses, and finds tables through the root pointer.</summary>
internal sealed class LoadedTables
{
    public const uint TablesAddress = 0x00100000, RootAddress = 0x000F5000;
    private readonly Dictionary<string, (uint Address, byte[] Bytes)> _files = [];

    public LoadedTables(AcpiTableSet set)
    {
        for (int at = 0; at < set.Loader.Length; at += 128)
            Execute(set, set.Loader.AsSpan(at, 128));
        Root = _files[AcpiTableSet.RootPointerFile].Bytes;
        Tables = _files[AcpiTableSet.TablesFile].Bytes;
    }

    public byte[] Root { get; }

    public byte[] Tables { get; }

    public byte[] TableAt(ulong address)
    {
        int offset = (int)(address - TablesAddress);
        return Tables.AsSpan(offset, BinaryPrimitives.ReadInt32LittleEndian(Tables.AsSpan(offset + 4))).ToArray();
    }

    public IReadOnlyDictionary<string, byte[]> BySignature(bool extended)
    {
        byte[] root = TableAt(extended ? BinaryPrimitives.ReadUInt64LittleEndian(Root.AsSpan(24)) : BinaryPrimitives.ReadUInt32LittleEndian(Root.AsSpan(16)));
        int size = extended ? 8 : 4;
        Dictionary<string, byte[]> tables = [];
        for (int at = 36; at < root.Length; at += size)
        {
            byte[] table = TableAt(extended ? BinaryPrimitives.ReadUInt64LittleEndian(root.AsSpan(at)) : BinaryPrimitives.ReadUInt32LittleEndian(root.AsSpan(at)));
            tables[Encoding.ASCII.GetString(table, 0, 4)] = table;
        }
        byte[] fadt = tables["FACP"];
        tables["DSDT"] = TableAt(BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(40)));
        tables["FACS"] = TableAt(BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(36)));
        tables[extended ? "XSDT" : "RSDT"] = root;
        return tables;
    }

    private void Execute(AcpiTableSet set, ReadOnlySpan<byte> command)
    {
        string first = Encoding.ASCII.GetString(command.Slice(4, 56)).TrimEnd('\0');
        uint a = BinaryPrimitives.ReadUInt32LittleEndian(command[60..]);
        switch (BinaryPrimitives.ReadUInt32LittleEndian(command))
        {
            case 1:
                bool tables = first == AcpiTableSet.TablesFile;
                Assert.Equal(0u, (tables ? TablesAddress : RootAddress) % a);
                _files.Add(first, tables ? (TablesAddress, [.. set.Tables]) : (RootAddress, [.. set.RootPointer]));
                break;
            case 2:
                string source = Encoding.ASCII.GetString(command.Slice(60, 56)).TrimEnd('\0');
                Span<byte> field = _files[first].Bytes.AsSpan((int)BinaryPrimitives.ReadUInt32LittleEndian(command[116..]), command[120]);
                ulong value = field.Length == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(field) : BinaryPrimitives.ReadUInt32LittleEndian(field);
                Assert.InRange(value, 0ul, (ulong)_files[source].Bytes.Length - 1);
                value += _files[source].Address;
                if (field.Length == 8)
                    BinaryPrimitives.WriteUInt64LittleEndian(field, value);
                else
                    BinaryPrimitives.WriteUInt32LittleEndian(field, (uint)value);
                break;
            case 3:
                int start = (int)BinaryPrimitives.ReadUInt32LittleEndian(command[64..]);
                int length = (int)BinaryPrimitives.ReadUInt32LittleEndian(command[68..]);
                byte[] bytes = _files[first].Bytes;
                bytes[a] -= Sum(bytes.AsSpan(start, length));
                break;
            default:
                Assert.Fail("unknown loader command");
                break;
        }
    }

    public static byte Sum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte b in bytes)
            sum += b;
        return sum;
    }
}

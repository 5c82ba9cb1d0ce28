using System.Buffers.Binary;
using System.Text;

namespace Emu.Devices.Firmware.Acpi;

/// <summary>All ACPI tables of a board as the three files that firmware assembles into guest memory.</summary>
/// <param name="Tables">"etc/acpi/tables": every table but the root pointer; addresses in it are offsets into this file.</param>
/// <param name="RootPointer">"etc/acpi/rsdp".</param>
/// <param name="Loader">"etc/table-loader": the script that links them.</param>
public sealed record AcpiTableSet(byte[] Tables, byte[] RootPointer, byte[] Loader)
{
    /// <summary>fw_cfg file of the tables.</summary>
    public const string TablesFile = "etc/acpi/tables";

    /// <summary>fw_cfg file of the root pointer.</summary>
    public const string RootPointerFile = "etc/acpi/rsdp";

    /// <summary>fw_cfg file of the linker script.</summary>
    public const string LoaderFile = "etc/table-loader";

    private const int FacsAlignment = 64;
    private const int RsdpLength = 36;
    private const int RsdpVersion1Length = 20;

    /// <summary>Builds the tables.</summary>
    public static AcpiTableSet Build(AcpiConfiguration board)
    {
        Assembler assembler = new();
        uint facs = assembler.Append(FixedTables.Facs());
        uint dsdt = assembler.AppendTable(Dsdt.Build(board));
        uint fadt = assembler.AppendTable(
            FixedTables.Fadt(board, facs, dsdt),
            (FixedTables.FadtFacsOffset, 4), (FixedTables.FadtDsdtOffset, 4), (FixedTables.FadtXDsdtOffset, 8));
        List<uint> roots = [fadt, assembler.AppendTable(FixedTables.Madt(board))];
        if (board.Hpet)
            roots.Add(assembler.AppendTable(FixedTables.Hpet()));
        if (board.EcamBase is ulong ecam)
            roots.Add(assembler.AppendTable(FixedTables.Mcfg(ecam)));
        roots.Add(assembler.AppendTable(FixedTables.Waet()));
        uint rsdt = assembler.AppendRoot("RSDT", roots, 4);
        uint xsdt = assembler.AppendRoot("XSDT", roots, 8);
        byte[] rootPointer = assembler.LinkRootPointer(rsdt, xsdt);
        return new AcpiTableSet(assembler.Tables, rootPointer, assembler.Script);
    }

    /// <summary>Publishes the files.</summary>
    public void AddTo(FwCfg fwCfg)
    {
        fwCfg.AddFile(TablesFile, Tables);
        fwCfg.AddFile(RootPointerFile, RootPointer);
        fwCfg.AddFile(LoaderFile, Loader);
    }

    private sealed class Assembler
    {
        private readonly List<byte> _blob = [];
        private readonly TableLoader _loader = new();

        public Assembler() => _loader.Allocate(TablesFile, FacsAlignment, TableLoader.Zone.High);

        public byte[] Tables => [.. _blob];

        public byte[] Script => _loader.ToArray();

        public uint Append(byte[] bytes)
        {
            uint offset = (uint)_blob.Count;
            _blob.AddRange(bytes);
            return offset;
        }

        public uint AppendTable(byte[] table, params ReadOnlySpan<(int Offset, int Size)> pointers)
        {
            uint offset = Append(table);
            foreach ((int pointer, int size) in pointers)
                _loader.AddPointer(TablesFile, TablesFile, offset + (uint)pointer, (byte)size);
            _loader.AddChecksum(TablesFile, offset + AcpiTable.ChecksumOffset, offset, (uint)table.Length);
            return offset;
        }

        public uint AppendRoot(string signature, List<uint> tables, int pointerSize)
        {
            AcpiTable root = new(signature, 1);
            (int, int)[] pointers = new (int, int)[tables.Count];
            for (int i = 0; i < tables.Count; i++)
            {
                pointers[i] = (root.Length, pointerSize);
                if (pointerSize == 8)
                    root.UInt64(tables[i]);
                else
                    root.UInt32(tables[i]);
            }
            return AppendTable(root.ToArray(), pointers);
        }

        /// <summary>Root system description pointer, revision 2 (ACPI 6.4, 5.2.5.3).</summary>
        public byte[] LinkRootPointer(uint rsdt, uint xsdt)
        {
            byte[] rsdp = new byte[RsdpLength];
            "RSD PTR "u8.CopyTo(rsdp);
            Encoding.ASCII.GetBytes(AcpiTable.OemId, rsdp.AsSpan(9));
            rsdp[15] = 2;
            BinaryPrimitives.WriteUInt32LittleEndian(rsdp.AsSpan(16), rsdt);
            BinaryPrimitives.WriteUInt32LittleEndian(rsdp.AsSpan(20), RsdpLength);
            BinaryPrimitives.WriteUInt64LittleEndian(rsdp.AsSpan(24), xsdt);
            _loader.Allocate(RootPointerFile, 16, TableLoader.Zone.FSegment);
            _loader.AddPointer(RootPointerFile, TablesFile, 16, 4);
            _loader.AddPointer(RootPointerFile, TablesFile, 24, 8);
            _loader.AddChecksum(RootPointerFile, 8, 0, RsdpVersion1Length);
            _loader.AddChecksum(RootPointerFile, 32, 0, RsdpLength);
            return rsdp;
        }
    }
}

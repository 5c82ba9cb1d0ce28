using System.Buffers.Binary;

namespace Emu.Conformance.Fuzz;

/// <summary>
/// The low memory of the fuzzed machine: descriptor tables, task states, page tables and exception handlers, in the formats of all modes.
/// </summary>
internal static class FuzzImage
{
    /// <summary>Physical addresses, which are linear ones too.</summary>
    public const uint Gdt = 0x1000, Idt32 = 0x2000, Idt64 = 0x3000, Tss32 = 0x4000, OtherTss = 0x4400, Tss64 = 0x4800, Ldt = 0x4C00, Table32 = 0x5000, Handlers = 0x6000, StackTop = 0x8000,
        Pml4 = 0x8000, Pdpt = 0x9000, SupervisorDirectory = 0xA000, UserDirectory = 0xB000, SupervisorTable = 0xC000, UserTable = 0xD000, Directory32 = 0xE000,
        PaePointers = 0xF000, Size = 0x10000;

    /// <summary>What random code works on.</summary>
    public const uint Code = 0x10000, CodeSize = 0x10000, Data = 0x20000, DataSize = 0x10000, RamSize = 0x100000;

    /// <summary>Linear addresses of a page that is a device, and of the local APIC's.</summary>
    public const uint DevicePage = Data + 0x5000, ApicPage = Data + 0x9000;

    /// <summary>Physical address of the device.</summary>
    public const uint Device = 0xE000_0000;

    /// <summary>Selectors; those of user code have RPL 3.</summary>
    public const ushort Code32 = 0x08, Data0 = 0x10, Code64 = 0x18, UserCode32 = 0x23, UserData = 0x2B, UserCode64 = 0x33, Code16 = 0x38, UserCode16 = 0x43, Data16 = 0x48,
        UserData16 = 0x53, Tss = 0x58, OtherTask = 0x60, LdtSelector = 0x68, Tss64Selector = 0x70, Ldt64 = 0x80, CallGate = 0x90, CallGate64 = 0xA0, TaskGate = 0xB0, ExpandDown = 0xB8,
        Conforming = 0xC0, NotPresent = 0xC8, GdtLimit = 0x1FF;

    private const ulong Present = 1, Writable = 2, User = 4, Large = 0x80, NoExecute = 1UL << 63;

    /// <summary>Makes the image. The device page, the local APIC and a few page attributes are in its page tables.</summary>
    /// <param name="user">Whether pages from <see cref="Code"/> on are for user mode.</param>
    public static byte[] Build(bool user)
    {
        byte[] image = new byte[Size];
        FillGdt(image);
        FillGates(image);
        FillTasks(image);
        FillPageTables(image, user);
        return image;
    }

    private static void FillGdt(byte[] image)
    {
        Segment(Code32, 0, 0xFFFFF, 0xC09B);
        Segment(Data0, 0, 0xFFFFF, 0xC093);
        Segment(Code64, 0, 0xFFFFF, 0xA09B);
        Segment(UserCode32, 0, 0xFFFFF, 0xC0FB);
        Segment(UserData, 0, 0xFFFFF, 0xC0F3);
        Segment(UserCode64, 0, 0xFFFFF, 0xA0FB);
        Segment(Code16, Code, 0xFFFF, 0x009B);
        Segment(UserCode16, Code, 0xFFFF, 0x00FB);
        Segment(Data16, Data, 0xFFFF, 0x0093);
        Segment(UserData16, Data, 0xFFFF, 0x00F3);
        Segment(Tss, Tss32, 0x3FF, 0x008B);
        Segment(OtherTask, OtherTss, 0x3FF, 0x0089);
        Segment(LdtSelector, Ldt, 0xFF, 0x0082);
        Segment(Tss64Selector, Tss64, 0x3FF, 0x008B);
        Segment(Ldt64, Ldt, 0xFF, 0x0082);
        Segment(ExpandDown, 0, 0x1F, 0xC0F7);
        Segment(Conforming, 0, 0xFFFFF, 0xC09F);
        Segment(NotPresent, 0, 0xFFFFF, 0xC073);
        Put(image, Gdt + CallGate, 8, Gate(Code32, Handlers + 0x10, 0xEC, 3));
        Put(image, Gdt + CallGate64, 8, Gate(Code64, Handlers + 0x10, 0xEC, 0));
        Put(image, Gdt + TaskGate, 8, Gate(OtherTask, 0, 0xE5, 0));
        for (ushort i = 0; i < 16; i++)
        {
            // The LDT repeats the GDT's data and code.
            Put(image, Ldt + i * 8u, 8, BinaryPrimitives.ReadUInt64LittleEndian(image.AsSpan((int)Gdt + i * 8)));
        }

        void Segment(ushort selector, uint @base, uint limit, uint attributes) => Put(image, Gdt + (selector & 0xFFF8u), 8,
            limit & 0xFFFF | (ulong)(@base & 0xFF_FFFF) << 16 | (ulong)(attributes & 0xF0FF) << 40 | (ulong)(limit >> 16 & 15) << 48 | (ulong)(@base >> 24) << 56);
    }

    // Every vector leads to a HLT of its own. Software may raise some; vector 77 is a task gate in legacy modes.
    private static void FillGates(byte[] image)
    {
        for (uint vector = 0; vector < 256; vector++)
        {
            uint handler = Handlers + vector * 16;
            image[handler] = 0xF4;
            Put(image, vector * 4, 4, (Handlers >> 4 << 16) + vector * 16);
            uint access = (vector % 5) switch { 0 => 0xEEu, 1 => 0x8Fu, 2 => 0xEFu, _ => 0x8Eu };
            Put(image, Idt32 + vector * 8, 8, vector == 77 ? Gate(OtherTask, 0, 0xE5, 0) : Gate(Code32, handler, vector % 16 == 9 ? access & 0xF7 : access, 0));
            Put(image, Idt64 + vector * 16, 8, Gate(Code64, handler, access, (int)(vector % 4)));
        }
    }

    private static void FillTasks(byte[] image)
    {
        foreach (uint tss in (uint[])[Tss32, OtherTss])
        {
            for (uint level = 0; level < 3; level++)
            {
                Put(image, tss + 4 + level * 8, 4, StackTop);
                Put(image, tss + 8 + level * 8, 2, Data0);
            }
            Put(image, tss + 0x1C, 4, PaePointers);
            Put(image, tss + 0x20, 4, Handlers);
            Put(image, tss + 0x24, 4, 2);
            Put(image, tss + 0x38, 4, StackTop);
            for (uint i = 0; i < 6; i++) Put(image, tss + 0x48 + i * 4, 2, i == 1 ? Code32 : Data0);
            Put(image, tss + 0x60, 2, LdtSelector);
            Put(image, tss + 0x66, 2, 0x88); // interrupt redirection map below it
        }
        for (uint level = 0; level < 10; level++) Put(image, Tss64 + 4 + level * 8, 8, StackTop - level * 0x40);
        Put(image, Tss64 + 0x66, 2, 0x68);
        // Some ports and some interrupts of virtual-8086 mode are open.
        for (uint i = 0; i < 0x100; i++) image[Tss32 + 0x68 + i] = (byte)(i % 3 == 0 ? 0 : 0xFF);
    }

    private static void FillPageTables(byte[] image, bool user)
    {
        Put(image, Pml4, 8, Pdpt | Present | Writable | User);
        Put(image, Pml4 + 8 * 256, 8, Pdpt | Present | Writable | User);
        Put(image, Pml4 + 8 * 511, 8, Pml4 | Present | Writable); // the tables see themselves
        foreach (uint pointers in (uint[])[Pdpt, PaePointers])
        {
            Put(image, pointers, 8, (user ? UserDirectory : SupervisorDirectory) | Present | (pointers == Pdpt ? Writable | User : 0));
            Put(image, pointers + 8, 8, UserDirectory | Present | (pointers == Pdpt ? Writable | User : 0));
        }
        foreach ((uint directory, uint table, ulong access) in ((uint, uint, ulong)[])[(SupervisorDirectory, SupervisorTable, 0), (UserDirectory, UserTable, User)])
        {
            Put(image, directory, 8, table | Present | Writable | User);
            Put(image, directory + 8, 8, Present | Writable | User | Large);
            Put(image, directory + 16, 8, 0x1000 | Present | Writable | User | Large); // reserved bit
            for (uint page = 0; page < 0x100; page++) Put(image, table + page * 8, 8, Entry64(page, access));
        }
        Put(image, Directory32, 4, Table32 | Present | Writable | User);
        for (uint page = 0; page < 0x100; page++) Put(image, Table32 + page * 4, 4, (uint)Entry64(page, User));
        Put(image, Directory32 + 4, 4, Present | Writable | User | Large);
        for (uint page = 0x300; page < 0x3FF; page++) Put(image, Directory32 + page * 4, 4, Present | Writable | User | Large);
    }

    private static ulong Entry64(uint page, ulong user)
    {
        ulong entry = (ulong)page << 12 | Present | Writable;
        if (page >= Code >> 12) entry |= user;
        return page switch
        {
            (Data >> 12) + 1 => entry & ~Writable,
            (Data >> 12) + 2 => entry | NoExecute,
            (Data >> 12) + 3 => entry & ~User,
            (Data >> 12) + 4 => 0,
            DevicePage >> 12 => Device | Present | Writable | user,
            (Data >> 12) + 6 => entry | 1UL << 59, // protection key 1
            (Data >> 12) + 7 => entry | 1UL << 50, // reserved
            (Data >> 12) + 8 => Code | Present | Writable | user, // the code once more
            ApicPage >> 12 => 0xFEE0_0000 | Present | Writable | user,
            _ => entry,
        };
    }

    private static ulong Gate(ushort selector, uint offset, uint access, int count) =>
        offset & 0xFFFF | (ulong)selector << 16 | (ulong)((uint)count & 0x1F) << 32 | (ulong)access << 40 | (ulong)(offset >> 16) << 48;

    private static void Put(byte[] image, uint address, int size, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bytes[..size].CopyTo(image.AsSpan((int)address));
    }
}

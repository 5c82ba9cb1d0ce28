using System.Buffers.Binary;
using Emu.Cpu;

namespace Emu.Debugging.Gdb;

/// <summary>The registers of the features that gdb knows of x86 processors, and of one of our own with the system registers.</summary>
internal static unsafe class RegisterSets
{
    private const int VectorStride = 64;

    // gdb's order differs from the encoding's.
    private static readonly int[] GeneralOrder64 = [0, 3, 1, 2, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15];
    private static readonly string[] GeneralNames64 = ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"];
    private static readonly string[] GeneralNames32 = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
    private static readonly (string Name, SegmentIndex Index)[] Segments =
    [
        ("cs", SegmentIndex.Cs), ("ss", SegmentIndex.Ss), ("ds", SegmentIndex.Ds), ("es", SegmentIndex.Es), ("fs", SegmentIndex.Fs), ("gs", SegmentIndex.Gs),
    ];

    /// <summary>The features of a processor.</summary>
    /// <param name="wide">64-bit registers.</param>
    /// <param name="cpu">Whose CPUID model decides what there is.</param>
    public static IReadOnlyList<GdbFeature> Build(bool wide, Vcpu cpu)
    {
        List<GdbFeature> features = [Core(wide), Sse(wide)];
        if (cpu.Model.Has("avx")) features.Add(Avx(wide));
        if (wide) features.Add(new GdbFeature("org.gnu.gdb.i386.segments", "", [SegmentBase("fs_base", SegmentIndex.Fs, 64), SegmentBase("gs_base", SegmentIndex.Gs, 64)]));
        features.Add(SystemRegisters(wide));
        return features;
    }

    private static GdbFeature Core(bool wide)
    {
        List<GdbRegister> registers = [];
        int bits = wide ? 64 : 32;
        string integer = wide ? "int64" : "int32", data = "data_ptr", code = "code_ptr";
        for (int i = 0; i < (wide ? 16 : 8); i++)
        {
            int number = wide ? GeneralOrder64[i] : i;
            registers.Add(Integer(wide ? GeneralNames64[i] : GeneralNames32[i], bits, number is 4 or 5 ? data : integer,
                cpu => cpu.State->Gpr[number], (cpu, value) => Do(() => cpu.State->Gpr[number] = wide ? value : Merge(cpu.State->Gpr[number], value))));
        }

        registers.Add(Integer(wide ? "rip" : "eip", bits, code, cpu => cpu.State->Rip, (cpu, value) => Do(() => cpu.State->Rip = value)));
        registers.Add(Integer("eflags", 32, "i386_eflags", cpu => cpu.State->Eflags, (cpu, value) => Do(() => cpu.WriteEflags((uint)value))));
        foreach ((string name, SegmentIndex index) in Segments)
        {
            registers.Add(Integer(name, 32, "int32", cpu => cpu.State->Segment(index).Selector, (cpu, value) => cpu.TryLoadSegment(index, (ushort)value)));
        }

        for (int i = 0; i < 8; i++) registers.Add(X87Register(i));
        registers.AddRange(X87Control());
        return new GdbFeature("org.gnu.gdb.i386.core", FlagsType("i386_eflags", 4,
            ("", 22, 31), ("ID", 21, 21), ("VIP", 20, 20), ("VIF", 19, 19), ("AC", 18, 18), ("VM", 17, 17), ("RF", 16, 16), ("NT", 14, 14), ("IOPL", 12, 13),
            ("OF", 11, 11), ("DF", 10, 10), ("IF", 9, 9), ("TF", 8, 8), ("SF", 7, 7), ("ZF", 6, 6), ("AF", 4, 4), ("PF", 2, 2), ("", 1, 1), ("CF", 0, 0)), registers);
    }

    /// <summary>A 32-bit general register written through a 32-bit description keeps its upper half.</summary>
    private static ulong Merge(ulong old, ulong value) => (old & ~(ulong)uint.MaxValue) | (uint)value;

    private static GdbRegister X87Register(int index)
    {
        static Span<byte> Physical(Vcpu cpu, int index) => new((byte*)cpu.State->Fpr + (16 * ((index + (cpu.State->Fsw >> 11)) & 7)), 10);
        return new GdbRegister($"st{index}", 80, "i387_ext",
            (cpu, value) => Physical(cpu, index).CopyTo(value),
            (cpu, value) =>
            {
                value.CopyTo(Physical(cpu, index));
                return true;
            });
    }

    private static GdbRegister[] X87Control()
    {
        GdbRegister Control(string name, Func<Vcpu, ulong> read, Action<Vcpu, ulong> write) =>
            Integer(name, 32, "int", read, (cpu, value) => Do(() => write(cpu, value))) with { Group = "float" };
        return
        [
            Control("fctrl", c => c.State->Fcw, (c, v) => c.State->Fcw = (ushort)v),
            Control("fstat", c => c.State->Fsw, (c, v) => c.State->Fsw = (ushort)v),
            Control("ftag", c => c.X87TagWord, (c, v) => c.X87TagWord = (ushort)v),
            Control("fiseg", c => c.State->Fcs, (c, v) => c.State->Fcs = (ushort)v),
            Control("fioff", c => c.State->Fip, (c, v) => c.State->Fip = v),
            Control("foseg", c => c.State->Fds, (c, v) => c.State->Fds = (ushort)v),
            Control("fooff", c => c.State->Fdp, (c, v) => c.State->Fdp = v),
            Control("fop", c => c.State->Fop, (c, v) => c.State->Fop = (ushort)(v & 0x7FF)),
        ];
    }

    private static GdbFeature Sse(bool wide)
    {
        const string types =
            """
            <vector id="v4f" type="ieee_single" count="4"/><vector id="v2d" type="ieee_double" count="2"/>
            <vector id="v16i8" type="int8" count="16"/><vector id="v8i16" type="int16" count="8"/>
            <vector id="v4i32" type="int32" count="4"/><vector id="v2i64" type="int64" count="2"/>
            <union id="vec128"><field name="v4_float" type="v4f"/><field name="v2_double" type="v2d"/><field name="v16_int8" type="v16i8"/>
            <field name="v8_int16" type="v8i16"/><field name="v4_int32" type="v4i32"/><field name="v2_int64" type="v2i64"/><field name="uint128" type="uint128"/></union>
            """;
        List<GdbRegister> registers = [];
        for (int i = 0; i < (wide ? 16 : 8); i++) registers.Add(VectorPart($"xmm{i}", "vec128", i, 0));
        registers.Add(Integer("mxcsr", 32, "i386_mxcsr", cpu => cpu.State->Mxcsr, (cpu, value) =>
        {
            if ((value & 0xFFFF0000) != 0) return false;
            cpu.State->Mxcsr = (uint)value;
            return true;
        }) with { Group = "vector" });
        return new GdbFeature("org.gnu.gdb.i386.sse", types + FlagsType("i386_mxcsr", 4,
            ("IE", 0, 0), ("DE", 1, 1), ("ZE", 2, 2), ("OE", 3, 3), ("UE", 4, 4), ("PE", 5, 5), ("DAZ", 6, 6), ("IM", 7, 7), ("DM", 8, 8), ("ZM", 9, 9),
            ("OM", 10, 10), ("UM", 11, 11), ("PM", 12, 12), ("FZ", 15, 15)), registers);
    }

    private static GdbFeature Avx(bool wide)
    {
        List<GdbRegister> registers = [];
        for (int i = 0; i < (wide ? 16 : 8); i++) registers.Add(VectorPart($"ymm{i}h", "uint128", i, 16));
        return new GdbFeature("org.gnu.gdb.i386.avx", "", registers);
    }

    private static GdbRegister VectorPart(string name, string type, int number, int offset)
    {
        Span<byte> Lanes(Vcpu cpu) => new(cpu.State->Vector + (number * VectorStride) + offset, 16);
        return new GdbRegister(name, 128, type,
            (cpu, value) => Lanes(cpu).CopyTo(value),
            (cpu, value) =>
            {
                value.CopyTo(Lanes(cpu));
                return true;
            });
    }

    /// <summary>Control, debug and descriptor-table registers and the hidden parts of segments: for the system programmer.</summary>
    private static GdbFeature SystemRegisters(bool wide)
    {
        int bits = wide ? 64 : 32;
        string integer = wide ? "int64" : "int32";
        List<GdbRegister> registers = [];
        foreach (int number in (int[])[0, 2, 3, 4, 8])
        {
            string type = number switch { 0 => "cr0_flags", 4 => "cr4_flags", _ => integer };
            if (number == 8 && !wide) continue;
            registers.Add(Integer($"cr{number}", bits, type, cpu => cpu.TryReadControlRegister(number) ?? 0, (cpu, value) => cpu.TryWriteControlRegister(number, value)));
        }

        registers.Add(Integer("efer", bits, "efer_flags", cpu => cpu.State->Efer, (cpu, value) => cpu.TryWriteEferRegister(value)));
        for (int i = 0; i < 8; i++)
        {
            if (i is 4 or 5) continue;
            int number = i;
            registers.Add(Integer($"dr{i}", bits, integer, cpu => number switch { 6 => cpu.State->Dr6, 7 => cpu.State->Dr7, _ => cpu.State->Dr[number] },
                (cpu, value) => cpu.TryWriteDebugRegister(number, value)));
        }

        foreach ((string name, SegmentIndex index) in Segments)
        {
            if (!wide || index < SegmentIndex.Fs) registers.Add(SegmentBase(name + "_base", index, bits));
        }

        if (wide) registers.Add(Integer("k_gs_base", 64, integer, cpu => cpu.TryReadMsr(0xC0000102, out ulong value) ? value : 0, (cpu, value) => cpu.TryWriteMsr(0xC0000102, value)));
        foreach ((string name, SegmentIndex index) in ((string, SegmentIndex)[])[("ldtr", SegmentIndex.Ldtr), ("tr", SegmentIndex.Tr)])
        {
            registers.Add(ReadOnly(name, 32, "int32", cpu => cpu.State->Segment(index).Selector));
            registers.Add(ReadOnly(name + "_base", bits, integer, cpu => cpu.State->Segment(index).Base));
        }

        registers.Add(ReadOnly("gdt_base", bits, integer, cpu => cpu.State->GdtBase));
        registers.Add(ReadOnly("gdt_limit", 32, "int32", cpu => cpu.State->GdtLimit));
        registers.Add(ReadOnly("idt_base", bits, integer, cpu => cpu.State->IdtBase));
        registers.Add(ReadOnly("idt_limit", 32, "int32", cpu => cpu.State->IdtLimit));
        registers.Add(ReadOnly("cpl", 32, "int32", cpu => cpu.State->Cpl));
        registers.Add(ReadOnly("xcr0", bits, integer, cpu => cpu.State->Xcr0));
        registers.Add(ReadOnly("pkru", 32, "int32", cpu => cpu.State->Pkru));
        return new GdbFeature("org.emu.x86.system", SystemTypes(wide ? 8 : 4), [.. registers.Select(r => r with { Group = "system" })]);
    }

    private static string SystemTypes(int size) =>
        FlagsType("cr0_flags", size, ("PG", 31, 31), ("CD", 30, 30), ("NW", 29, 29), ("AM", 18, 18), ("WP", 16, 16), ("NE", 5, 5), ("ET", 4, 4), ("TS", 3, 3), ("EM", 2, 2), ("MP", 1, 1), ("PE", 0, 0))
        + FlagsType("cr4_flags", size, ("PKS", 24, 24), ("PKE", 22, 22), ("SMAP", 21, 21), ("SMEP", 20, 20), ("OSXSAVE", 18, 18), ("PCIDE", 17, 17), ("FSGSBASE", 16, 16), ("VMXE", 13, 13),
            ("LA57", 12, 12), ("UMIP", 11, 11), ("OSXMMEXCPT", 10, 10), ("OSFXSR", 9, 9), ("PCE", 8, 8), ("PGE", 7, 7), ("MCE", 6, 6), ("PAE", 5, 5), ("PSE", 4, 4), ("DE", 3, 3), ("TSD", 2, 2), ("PVI", 1, 1), ("VME", 0, 0))
        + FlagsType("efer_flags", size, ("TCE", 15, 15), ("FFXSR", 14, 14), ("LMSLE", 13, 13), ("SVME", 12, 12), ("NXE", 11, 11), ("LMA", 10, 10), ("LME", 8, 8), ("SCE", 0, 0));

    private static string FlagsType(string id, int size, params ReadOnlySpan<(string Name, int Start, int End)> fields)
    {
        System.Text.StringBuilder text = new($"""<flags id="{id}" size="{size}">""");
        foreach ((string name, int start, int end) in fields) text.Append($"""<field name="{name}" start="{start}" end="{end}"/>""");
        return text.Append("</flags>").ToString();
    }

    private static GdbRegister SegmentBase(string name, SegmentIndex index, int bits) =>
        Integer(name, bits, bits == 64 ? "int64" : "int32", cpu => cpu.State->Segment(index).Base, (cpu, value) => Do(() =>
        {
            cpu.State->Segment(index).Base = value;
            cpu.UpdateMode();
        }));

    private static GdbRegister ReadOnly(string name, int bits, string type, Func<Vcpu, ulong> read) => Integer(name, bits, type, read, static (_, _) => false);

    private static GdbRegister Integer(string name, int bits, string type, Func<Vcpu, ulong> read, Func<Vcpu, ulong, bool> write) => new(name, bits, type,
        (cpu, value) =>
        {
            Span<byte> whole = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(whole, read(cpu));
            whole[..value.Length].CopyTo(value);
        },
        (cpu, value) =>
        {
            Span<byte> whole = stackalloc byte[8];
            whole.Clear();
            value.CopyTo(whole);
            return write(cpu, BinaryPrimitives.ReadUInt64LittleEndian(whole));
        });

    private static bool Do(Action write)
    {
        write();
        return true;
    }
}

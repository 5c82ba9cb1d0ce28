using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

/// <summary>Which system instructions real mode, virtual-8086 mode and CPL 3 have (SDM Vol. 2, each instruction's exceptions; Vol. 3A 5.9, 20.2).</summary>
public sealed unsafe class PrivilegeTests
{
    private const byte None = 0, Ud = 6, Gp = 13;

    private static readonly Dictionary<string, Action<Assembler>> Instructions = new()
    {
        ["hlt"] = c => c.hlt(),
        ["clts"] = c => c.clts(),
        ["invd"] = c => c.invd(),
        ["wbinvd"] = c => c.wbinvd(),
        ["wbnoinvd"] = c => c.wbnoinvd(),
        ["invlpg"] = c => c.invlpg(__byte_ptr[0x5000]),
        ["invpcid"] = c => c.invpcid(eax, __xmmword_ptr[0x5000]),
        ["lgdt"] = c => c.lgdt(__fword_ptr[0x5000]),
        ["lidt"] = c => c.lidt(__fword_ptr[0x5000]),
        ["sgdt"] = c => c.sgdt(__fword_ptr[0x5000]),
        ["sidt"] = c => c.sidt(__fword_ptr[0x5000]),
        ["lldt"] = c => c.lldt(ax),
        ["ltr"] = c => c.ltr(ax),
        ["sldt"] = c => c.sldt(ax),
        ["str"] = c => c.str(ax),
        ["lmsw"] = c => c.lmsw(ax),
        ["smsw"] = c => c.smsw(ax),
        ["lar"] = c => c.lar(ax, bx),
        ["lsl"] = c => c.lsl(ax, bx),
        ["verr"] = c => c.verr(ax),
        ["verw"] = c => c.verw(ax),
        ["arpl"] = c => c.arpl(ax, bx),
        ["mov r, cr0"] = c => c.mov(eax, cr0),
        ["mov cr2, r"] = c => c.mov(cr2, eax),
        ["mov r, cr1"] = c => c.db(0x0F, 0x20, 0xC8),
        ["mov r, dr6"] = c => c.mov(eax, dr6),
        ["mov dr0, r"] = c => c.mov(dr0, eax),
        ["rdmsr"] = c => c.rdmsr(),
        ["wrmsr"] = c => c.wrmsr(),
        ["rdpmc"] = c => c.rdpmc(),
        ["rdtsc"] = c => c.rdtsc(),
        ["rsm"] = c => c.rsm(),
        ["swapgs"] = c => c.db(0x0F, 0x01, 0xF8),
        ["syscall"] = c => c.syscall(),
        ["sysret"] = c => c.db(0x0F, 0x07),
        ["sysexit"] = c => c.db(0x0F, 0x35),
        ["xsetbv"] = c => c.xsetbv(),
        ["xgetbv"] = c => c.xgetbv(),
        ["xsaves"] = c => c.xsaves(__[0x5000]),
        ["monitor"] = c => c.monitor(),
        ["mwait"] = c => c.mwait(),
        ["stac"] = c => c.stac(),
        ["clac"] = c => c.clac(),
        ["rdfsbase"] = c => c.db(0xF3, 0x0F, 0xAE, 0xC0),
        ["in"] = c => c.@in(al, 0x60),
        ["vex"] = c => c.vpaddb(xmm0, xmm1, xmm2),
        ["cpuid"] = c => c.cpuid(),
        ["int3"] = c => c.int3(),
    };

    // Real mode, virtual-8086 mode with IOPL 0, CPL 3 of 32-bit code with IOPL 0; UMIP and TSD are off, OSXSAVE is on. EFER.SCE is off.
    [Theory]
    [InlineData("hlt", None, Gp, Gp)]
    [InlineData("clts", None, Gp, Gp)]
    [InlineData("invd", None, Gp, Gp)]
    [InlineData("wbinvd", None, Gp, Gp)]
    [InlineData("wbnoinvd", None, Gp, Gp)]
    [InlineData("invlpg", None, Gp, Gp)]
    [InlineData("invpcid", None, Gp, Gp)]
    [InlineData("lgdt", None, Gp, Gp)]
    [InlineData("lidt", None, Gp, Gp)]
    [InlineData("sgdt", None, None, None)]
    [InlineData("sidt", None, None, None)]
    [InlineData("lldt", Ud, Ud, Gp)]
    [InlineData("ltr", Ud, Ud, Gp)]
    [InlineData("sldt", Ud, Ud, None)]
    [InlineData("str", Ud, Ud, None)]
    [InlineData("lmsw", None, Gp, Gp)]
    [InlineData("smsw", None, None, None)]
    [InlineData("lar", Ud, Ud, None)]
    [InlineData("lsl", Ud, Ud, None)]
    [InlineData("verr", Ud, Ud, None)]
    [InlineData("verw", Ud, Ud, None)]
    [InlineData("arpl", Ud, Ud, None)]
    [InlineData("mov r, cr0", None, Gp, Gp)]
    [InlineData("mov cr2, r", None, Gp, Gp)]
    [InlineData("mov r, cr1", Ud, Ud, Ud)]
    [InlineData("mov r, dr6", None, Gp, Gp)]
    [InlineData("mov dr0, r", None, Gp, Gp)]
    [InlineData("rdmsr", None, Gp, Gp)]
    [InlineData("wrmsr", None, Gp, Gp)]
    [InlineData("rdpmc", None, Gp, Gp)]
    [InlineData("rdtsc", None, None, None)]
    [InlineData("rsm", Ud, Ud, Ud)]
    [InlineData("swapgs", Ud, Ud, Ud)]
    [InlineData("syscall", Ud, Ud, Ud)]
    [InlineData("sysret", Ud, Ud, Ud)]
    [InlineData("sysexit", Gp, Gp, Gp)]
    [InlineData("xsetbv", None, Gp, Gp)]
    [InlineData("xgetbv", None, None, None)]
    [InlineData("xsaves", None, Gp, Gp)]
    [InlineData("monitor", None, Ud, Ud)]
    [InlineData("mwait", None, Ud, Ud)]
    [InlineData("stac", None, Ud, Ud)]
    [InlineData("clac", None, Ud, Ud)]
    [InlineData("rdfsbase", Ud, Ud, Ud)]
    [InlineData("in", None, Gp, Gp)]
    [InlineData("vex", Ud, Ud, None)]
    [InlineData("cpuid", None, None, None)]
    [InlineData("int3", 3, 3, 3)]
    public void An_instruction_faults_where_its_mode_does_not_have_it(string instruction, byte real, byte virtual8086, byte user)
    {
        Assert.Equal((real, virtual8086, user), (InReal(instruction), InProtected(instruction, true), InProtected(instruction, false)));
    }

    private static void Prepare(Vcpu cpu, Action<ulong, int, ulong> poke)
    {
        CpuState* s = cpu.State;
        s->Cr4 |= Cr4.Osxsave | Cr4.Osfxsr;
        s->Xcr0 = 7;
        // XSETBV of ECX 0 and EDX:EAX = 1; the MSR, the counter and the PCID type are 0; LGDT and LIDT load the table's place.
        (s->Gpr[0], s->Gpr[1], s->Gpr[2], s->Gpr[3]) = (1, 0, 0, 0);
        poke(0x5000, 2, 0xFFFF);
        poke(0x5002, 4, 0);
        poke(0x5008, 8, 0);
    }

    // The vector whose handler was entered, or 0.
    private static byte InReal(string instruction)
    {
        using TestMachine m = new("max,+monitor");
        m.EnterReal(0x1000);
        for (byte vector = 0; vector < 32; vector++)
        {
            m.Poke(vector * 4u, 4, (uint)(0x2000 + vector * 16));
            byte number = vector;
            m.Assemble(0x2000 + vector * 16u, 16, c =>
            {
                c.mov(di, number);
                c.hlt();
            });
        }
        Prepare(m.Cpu, m.Poke);
        if (instruction is "invpcid") m.Poke(0x5000, 8, 0);
        m.Cpu.UpdatePaging();
        m.Cpu.UpdateMode();
        m.Assemble(0x1000, 16, c =>
        {
            Instructions[instruction](c);
            c.hlt();
        });
        m.Run();
        return (byte)m.State->Gpr[7];
    }

    private static byte InProtected(string instruction, bool virtual8086)
    {
        using ProtectedMachine m = new("max,+monitor");
        for (byte vector = 0; vector < 32; vector++)
        {
            byte number = vector;
            m.Handle(vector, c =>
            {
                c.mov(edi, number);
                c.hlt();
            }, access: vector == 3 ? (byte)0xEE : (byte)0x8E);
        }
        m.Handle(0x40, c => c.hlt(), access: 0xEE);
        Prepare(m.Cpu, m.Machine.Poke);
        m.State->Gpr[7] = 0;
        m.Cpu.UpdateMode();
        const uint entry = 0x11000;
        m.Machine.Assemble(entry, virtual8086 ? 16 : 32, c =>
        {
            if (!virtual8086)
            {
                c.push(ProtectedMachine.Data3);
                c.pop(ds);
            }
            Instructions[instruction](c);
            // The way out of a mode in which HLT faults.
            if (virtual8086) c.db(0x0F, 0x0B);
            else c.@int(0x40);
        }, virtual8086 ? 0UL : entry);
        m.Run(c =>
        {
            if (!virtual8086)
            {
                ProtectedMachine.ReturnToUser(c, entry);
                return;
            }
            foreach (int value in (int[])[0, 0, 0, 0]) c.push(value);
            c.push(0);
            c.push(0x9000);
            c.push((int)(Eflags.Vm | 2));
            c.push((int)(entry >> 4));
            c.push(0);
            c.iretd();
        });
        byte seen = (byte)m.State->Gpr[7];
        // Behind the instruction in virtual-8086 mode there is UD2.
        bool passed = virtual8086 && seen == Ud && m.Machine.Peek(ProtectedMachine.Stack0 - 36, 2) != 0;
        return passed ? None : seen;
    }
}

using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

// SDM Vol. 3A 20.2-20.3.
public sealed unsafe class Virtual8086Tests
{
    private const uint Program = 0x30000;

    /// <summary>Enters virtual-8086 mode at 3000:0000 with the given flags and runs the program there.</summary>
    private static void Run(ProtectedMachine m, uint flags, Action<Assembler> program)
    {
        m.Machine.Assemble(Program, 16, program, 0);
        m.Run(c =>
        {
            c.push(0);
            c.push(0);
            c.push(0x4000);
            c.push(0x4000);
            c.push(0x5000);
            c.push(0xFFE);
            c.push((int)(flags | Eflags.Vm | 2));
            c.push(0x3000);
            c.push(0);
            c.iretd();
        });
    }

    [Fact]
    public void An_interrupt_from_virtual_8086_mode_saves_and_empties_the_data_segments()
    {
        using ProtectedMachine m = new();
        m.Handle(0x40, c =>
        {
            c.mov(ecx, esp);
            c.mov(eax, ds);
            c.hlt();
        }, access: 0xEE);
        Run(m, Eflags.Iopl, c =>
        {
            c.mov(ax, 0x1111);
            c.mov(gs, ax);
            c.@int(0x40);
        });
        uint frame = (uint)m.State->Gpr[1];
        Assert.Equal(ProtectedMachine.Stack0 - 36, frame);
        Assert.Equal(7UL, m.Machine.Peek(frame, 4));
        Assert.Equal(0x3000UL, m.Machine.Peek(frame + 4, 4));
        Assert.NotEqual(0UL, m.Machine.Peek(frame + 8, 4) & Eflags.Vm);
        Assert.Equal(0x5000UL, m.Machine.Peek(frame + 16, 4));
        Assert.Equal(0x4000UL, m.Machine.Peek(frame + 20, 4));
        Assert.Equal(0x1111UL, m.Machine.Peek(frame + 32, 4));
        Assert.Equal(0u, (uint)m.State->Gpr[0]);
        Assert.False(m.State->IsVirtual8086);
    }

    [Theory]
    [InlineData("cli")]
    [InlineData("sti")]
    [InlineData("pushf")]
    [InlineData("popf")]
    [InlineData("int")]
    [InlineData("iret")]
    [InlineData("hlt")]
    public void Below_IOPL_3_sensitive_instructions_fault(string instruction)
    {
        using ProtectedMachine m = new();
        m.Handle(13, c =>
        {
            c.pop(eax);
            c.pop(ebx);
            c.hlt();
        });
        Run(m, 0, c =>
        {
            c.nop();
            switch (instruction)
            {
                case "cli": c.cli(); break;
                case "sti": c.sti(); break;
                case "pushf": c.pushf(); break;
                case "popf": c.popf(); break;
                case "int": c.@int(0x21); break;
                case "iret": c.iret(); break;
                default: c.hlt(); break;
            }
        });
        Assert.Equal(0u, (uint)m.State->Gpr[0]);
        Assert.Equal(1u, (uint)m.State->Gpr[3]);
    }

    // With VME, a clear bit in the redirection bitmap calls the 8086 handler without leaving the mode; CLI and STI act on VIF.
    [Fact]
    public void VME_redirects_software_interrupts_and_virtualizes_IF()
    {
        using ProtectedMachine m = new();
        m.State->Cr4 = Cr4.Vme;
        // TSS: I/O map base 88h, redirection bitmap (all clear) in the 32 bytes before it.
        m.SetDescriptor(ProtectedMachine.TssSelector, (uint)ProtectedMachine.Tss, 0x2088, 0x8B);
        m.Machine.SetSegment(SegmentIndex.Tr, ProtectedMachine.TssSelector, ProtectedMachine.Tss, 0x2088, 0x8B);
        m.Machine.Poke(ProtectedMachine.Tss + 0x66, 2, 0x88);
        m.Machine.Poke(0x21 * 4, 4, 0x30000100);
        m.Machine.Assemble(Program + 0x100, 16, c =>
        {
            c.pushf();
            c.pop(cx);
            c.iret();
        }, 0x100);
        m.Handle(13, c => c.hlt());
        Run(m, 0, c =>
        {
            c.sti();
            c.pushf();
            c.pop(bx);
            c.@int(0x21);
            c.pushf();
            c.pop(dx);
            c.cli();
            c.pushf();
            c.pop(si);
            c.hlt();
        });
        // PUSHF shows VIF as IF, and IOPL 3.
        Assert.Equal(0x3200, (ushort)m.State->Gpr[3] & 0x3200);
        Assert.Equal(0x3000, (ushort)m.State->Gpr[1] & 0x3200);
        Assert.Equal(0x3200, (ushort)m.State->Gpr[2] & 0x3200);
        Assert.Equal(0x3000, (ushort)m.State->Gpr[6] & 0x3200);
    }

    // SDM Vol. 3A 20.3 and the operation sections of POPF, PUSHF, IRET, STI, INT n.
    [Theory]
    [InlineData("sti", Eflags.Vip, 13)]
    [InlineData("sti", 0u, 0)]
    [InlineData("cli", Eflags.Vip, 0)]
    [InlineData("popf TF", 0u, 13)]
    [InlineData("popf IF", 0u, 0)]
    [InlineData("popf IF", Eflags.Vip, 13)]
    [InlineData("popf", Eflags.Vip, 0)]
    [InlineData("popfd", 0u, 13)]
    [InlineData("pushfd", 0u, 13)]
    [InlineData("iret TF", 0u, 13)]
    [InlineData("iret IF", 0u, 0)]
    [InlineData("iret IF", Eflags.Vip, 13)]
    [InlineData("iretd", 0u, 13)]
    [InlineData("int redirected", 0u, 0)]
    [InlineData("int", 0u, 13)]
    [InlineData("int", Eflags.Iopl, 0x22)]      // to the protected-mode handler
    [InlineData("popf TF", Eflags.Iopl, 1)]     // single step
    public void With_VME_what_cannot_be_virtualized_faults(string instruction, uint flags, byte vector)
    {
        using ProtectedMachine m = new();
        m.State->Cr4 = Cr4.Vme;
        m.SetDescriptor(ProtectedMachine.TssSelector, (uint)ProtectedMachine.Tss, 0x2088, 0x8B);
        m.Machine.SetSegment(SegmentIndex.Tr, ProtectedMachine.TssSelector, ProtectedMachine.Tss, 0x2088, 0x8B);
        m.Machine.Poke(ProtectedMachine.Tss + 0x66, 2, 0x88);
        m.Machine.Poke(ProtectedMachine.Tss + 0x88 - 32 + 4, 1, 1 << 2); // vector 22h is not redirected
        m.Machine.Poke(0x21 * 4, 4, 0x30000100);
        m.Machine.Assemble(Program + 0x100, 16, c => c.iret(), 0x100);
        foreach (byte number in (byte[])[1, 6, 13, 0x22])
        {
            m.Handle(number, c =>
            {
                c.mov(edi, number);
                c.hlt();
            }, access: 0xEE);
        }
        Run(m, flags, c =>
        {
            Label behind = c.CreateLabel();
            void Image(int value)
            {
                c.push(value);
                c.push(cs);
                c.mov(ax, 0x40);
                c.push(ax);
            }
            switch (instruction)
            {
                case "sti": c.sti(); break;
                case "cli": c.cli(); break;
                case "popf TF": c.push(0x102); c.popf(); c.nop(); break;
                case "popf IF": c.push(0x202); c.popf(); break;
                case "popf": c.push(2); c.popf(); break;
                case "popfd": c.push(0); c.push(2); c.popfd(); break;
                case "pushfd": c.pushfd(); break;
                case "iret TF": Image(0x102); c.iret(); break;
                case "iret IF": Image(0x202); c.iret(); break;
                case "iretd": c.iretd(); break;
                case "int redirected": c.@int(0x21); break;
                case "int": c.@int(0x22); break;
            }
            c.ud2();
            // Where IRET goes.
            c.nop();
            for (int i = 0; i < 0x60; i++) c.nop();
            c.ud2();
        });
        Assert.Equal(vector == 0 ? 6UL : vector, m.State->Gpr[7]);
    }

    // SDM Vol. 1 18.5.2: the I/O permission bitmap.
    [Fact]
    public void Ports_are_open_where_the_bitmap_is_clear()
    {
        using ProtectedMachine m = new();
        m.SetDescriptor(ProtectedMachine.TssSelector, (uint)ProtectedMachine.Tss, 0x88, 0x8B);
        m.Machine.SetSegment(SegmentIndex.Tr, ProtectedMachine.TssSelector, ProtectedMachine.Tss, 0x88, 0x8B);
        m.Machine.Poke(ProtectedMachine.Tss + 0x68, 4, 0xFFFFFFFE);
        m.Machine.Poke(ProtectedMachine.Tss + 0x66, 2, 0x68);
        m.Handle(13, c =>
        {
            c.add(esp, 4);
            c.pop(ebx);
            c.hlt();
        });
        Run(m, Eflags.Iopl, c =>
        {
            c.mov(al, 0x5A);
            c.@out(0, al);
            c.@out(0, ax);
        });
        Assert.Equal([((ushort)0, 1, 0x5Au)], m.Machine.Writes);
        Assert.Equal(4u, (uint)m.State->Gpr[3]);
    }
}

using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

/// <summary>Protected-mode virtual interrupts (SDM Vol. 3A 20.4).</summary>
public sealed unsafe class VirtualInterruptTests
{
    private const uint User = 0x11000;

    private static ProtectedMachine Run(ulong cr4, uint flags, Action<Assembler> program)
    {
        ProtectedMachine m = new();
        m.State->Cr4 = cr4;
        m.Machine.Assemble(User, 32, c =>
        {
            program(c);
            c.@int(0x40);
        });
        m.Handle(13, c =>
        {
            c.pop(eax);
            c.mov(edx, 13);
            c.hlt();
        });
        m.Handle(0x40, c =>
        {
            c.mov(eax, __dword_ptr[esp + 8]);
            c.mov(edx, 0x40);
            c.hlt();
        }, access: 0xEE);
        m.State->Gpr[0] = 0xFFFF;
        m.Run(c => ProtectedMachine.ReturnToUser(c, User, flags));
        return m;
    }

    [Theory]
    [InlineData(true, Eflags.Vif)]
    [InlineData(false, 0u)]
    public void With_PVI_STI_and_CLI_of_CPL_3_change_VIF_and_leave_IF(bool set, uint expected)
    {
        using ProtectedMachine m = Run(Cr4.Pvi, set ? 0x202 : 0x202 | Eflags.Vif, c =>
        {
            if (set) c.sti();
            else c.cli();
        });
        Assert.Equal(0x40UL, m.State->Gpr[2]);
        Assert.Equal(expected, (uint)m.State->Gpr[0] & Eflags.Vif);
        Assert.Equal(Eflags.If, (uint)m.State->Gpr[0] & Eflags.If);
    }

    [Theory]
    [InlineData(0UL, 0x202u)]                       // no PVI
    [InlineData(Cr4.Vme, 0x202u)]                   // VME is for virtual-8086 mode
    [InlineData(Cr4.Pvi, 0x202u | Eflags.Vip)]      // an interrupt is pending
    public void Otherwise_STI_of_CPL_3_is_a_general_protection_fault(ulong cr4, uint flags)
    {
        using ProtectedMachine m = Run(cr4, flags, c => c.sti());
        Assert.Equal(13UL, m.State->Gpr[2]);
        Assert.Equal(0UL, m.State->Gpr[0]);
    }

    [Fact]
    public void With_IOPL_3_IF_itself_is_changed()
    {
        using ProtectedMachine m = Run(Cr4.Pvi, 0x202 | Eflags.Iopl, c => c.cli());
        Assert.Equal(0u, (uint)m.State->Gpr[0] & (Eflags.If | Eflags.Vif));
    }
}

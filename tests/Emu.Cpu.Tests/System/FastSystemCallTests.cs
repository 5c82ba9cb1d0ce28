using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests;

/// <summary>SYSENTER and SYSEXIT (SDM Vol. 2B), and where AMD's processors do not have them (APM Vol. 3).</summary>
public sealed unsafe class FastSystemCallTests
{
    private const uint SysenterCs = 0x174, SysenterEsp = 0x175, SysenterEip = 0x176;
    private const ulong Entry = 0x12000, User = 0x11000, KernelStack = 0x7800, UserStack = 0x8F00;

    private static void SetMsrs(Vcpu cpu, ulong selector)
    {
        Assert.True(cpu.TryWriteMsr(SysenterCs, selector) && cpu.TryWriteMsr(SysenterEsp, KernelStack) && cpu.TryWriteMsr(SysenterEip, Entry));
    }

    [Theory]
    [InlineData("max")]
    [InlineData("pentium3")]
    public void SYSENTER_loads_flat_segments_and_the_stack_of_the_MSRs_and_SYSEXIT_goes_back(string model)
    {
        using ProtectedMachine m = new(model);
        SetMsrs(m.Cpu, ProtectedMachine.Code0);
        m.Machine.Assemble(User, 32, c =>
        {
            c.sysenter();
            c.mov(ebx, cs);
            c.mov(edi, ss);
            c.@int(0x40);
        });
        m.Machine.Assemble(Entry, 32, c =>
        {
            c.mov(eax, cs);
            c.shl(eax, 16);
            c.mov(ax, ss);
            c.mov(esi, esp);
            c.pushfd();
            c.pop(ebp);
            c.mov(edx, (uint)User + 2);
            c.mov(ecx, (uint)UserStack);
            c.sysexit();
        });
        m.Handle(0x40, c =>
        {
            c.mov(ecx, __dword_ptr[esp + 12]);
            c.hlt();
        }, access: 0xEE);
        m.Run(c => ProtectedMachine.ReturnToUser(c, (uint)User, flags: 0x202));
        // SYSEXIT takes CS + 16 and CS + 24.
        Assert.Equal(0x0008_0010u, (uint)m.State->Gpr[0]);
        Assert.Equal((uint)KernelStack, (uint)m.State->Gpr[6]);
        Assert.Equal(0u, (uint)m.State->Gpr[5] & Eflags.If);
        Assert.Equal((uint)ProtectedMachine.Code3, (uint)m.State->Gpr[3]);
        Assert.Equal((uint)ProtectedMachine.Data3, (uint)m.State->Gpr[7]);
        Assert.Equal((uint)UserStack, (uint)m.State->Gpr[1]);
    }

    [Fact]
    public void In_IA_32e_mode_Intels_processors_enter_64_bit_code_and_leave_to_CS_plus_32()
    {
        using LongMachine m = new("Haswell");
        SetMsrs(m.Cpu, LongMachine.Code0);
        m.SetDescriptor(0x28, 0x00AFFB000000FFFF);
        m.Machine.Assemble(User, 32, c => c.sysenter());
        m.Machine.Assemble(User + 0x100, 64, c =>
        {
            c.mov(ebx, cs);
            c.mov(edi, ss);
            c.@int(0x40);
        });
        m.Machine.Assemble(Entry, 64, c =>
        {
            c.mov(rsi, rsp);
            c.mov(rdx, User + 0x100);
            c.mov(rcx, UserStack);
            c.sysexitq();
        });
        m.Handle(0x40, c => c.hlt(), access: 0xEE);
        m.Run(c => LongMachine.ReturnToUser(c, User, LongMachine.Compat3));
        Assert.Equal(KernelStack, m.State->Gpr[6]);
        Assert.Equal(LongMachine.Code0 + 32UL | 3, m.State->Gpr[3]);
        Assert.Equal(LongMachine.Code0 + 40UL | 3, m.State->Gpr[7]);
    }

    [Fact]
    public void In_IA_32e_mode_AMDs_processors_find_them_undefined()
    {
        foreach (bool enter in (bool[])[true, false])
        {
            using LongMachine m = new("EPYC");
            SetMsrs(m.Cpu, LongMachine.Code0);
            m.Handle(6, c =>
            {
                c.mov(r15d, 6);
                c.hlt();
            });
            m.Run(c =>
            {
                if (enter) c.sysenter();
                else c.sysexitq();
            });
            Assert.Equal(6UL, m.State->Gpr[15]);
        }
    }

    [Theory]
    [InlineData(true, 0u)]      // no selector
    [InlineData(true, 3u)]      // a null selector with an RPL
    [InlineData(false, 0u)]
    public void Without_a_selector_they_are_general_protection_faults(bool enter, uint selector)
    {
        using ProtectedMachine m = new();
        SetMsrs(m.Cpu, selector);
        m.Handle(13, c =>
        {
            c.pop(eax);
            c.pop(ebx);
            c.hlt();
        });
        m.State->Gpr[0] = 1;
        m.Run(c =>
        {
            if (enter) c.sysenter();
            else c.sysexit();
        });
        Assert.Equal(0u, (uint)m.State->Gpr[0]);
        Assert.Equal((uint)ProtectedMachine.Code, (uint)m.State->Gpr[3]);
    }

    [Fact]
    public void SYSEXIT_is_for_CPL_0_and_neither_is_for_real_mode()
    {
        using ProtectedMachine m = new();
        SetMsrs(m.Cpu, ProtectedMachine.Code0);
        m.Handle(13, c =>
        {
            c.pop(eax);
            c.hlt();
        });
        m.State->Gpr[0] = 1;
        m.Machine.Assemble(User, 32, c => c.sysexit());
        m.Run(c => ProtectedMachine.ReturnToUser(c, (uint)User));
        Assert.Equal(0u, (uint)m.State->Gpr[0]);

        using TestMachine real = new();
        real.EnterReal(0x1000);
        real.Poke(13 * 4, 4, 0x2000);
        real.Assemble(0x2000, 16, c =>
        {
            c.mov(bx, 13);
            c.hlt();
        });
        real.Assemble(0x1000, 16, c => c.sysenter());
        real.Run();
        Assert.Equal(13, (ushort)real.State->Gpr[3]);
    }
}

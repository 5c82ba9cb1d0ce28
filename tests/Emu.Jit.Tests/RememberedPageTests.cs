using Emu.Cpu.Tests;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>Accesses to pages that a region remembers.</summary>
public sealed unsafe class RememberedPageTests
{
    private const int Data = 0x10_0000;

    [Fact]
    public void Arrays_at_large_distances_from_one_register_do_not_get_in_each_others_way()
    {
        using Twins<LongMachine> twins = Twins.Long(static c =>
        {
            c.mov(ebx, Data + 0xF00);
            c.Loop(0x300, static c =>
            {
                c.mov(rax, __qword_ptr[rbx + 0x8_0000]);
                c.add(rax, __qword_ptr[rbx + 0x4_0000]);
                c.lea(rax, __[rax + rcx + 1]);
                c.mov(__qword_ptr[rbx], rax);
                c.mov(__qword_ptr[rbx + 0x4_0000], rcx);
                c.add(__qword_ptr[rbx + 0x8_0000], rax);
                c.add(rbx, 8);
            });
            c.hlt();
        });
        twins.Both(static m =>
        {
            byte[] bytes = new byte[0x2000];
            new Random(1).NextBytes(bytes);
            m.Machine.Load(Data + 0x4_0F00, bytes);
            m.Machine.Load(Data + 0x8_0F00, bytes);
        });
        twins.Run();
    }

    /// <summary>The first entries of the table lie on one page, the others on the next; the two may be anywhere.</summary>
    [Theory]
    [InlineData(8)]
    [InlineData(4)]
    public void The_table_of_a_switch_may_lie_across_two_pages(int entrySize)
    {
        const int Table = Data + 0x1000 - 16;
        ulong[] targets = new ulong[4];
        using Twins<LongMachine> twins = Twins.Long(c =>
        {
            Label top = c.CreateLabel(), next = c.CreateLabel();
            Label[] cases = [c.CreateLabel(), c.CreateLabel(), c.CreateLabel(), c.CreateLabel()];
            c.mov(ecx, 4000);
            c.mov(esi, Table);
            c.Label(ref top);
            c.lea(eax, __[ecx + (ecx * 4)]);
            c.shr(eax, 1);
            c.and(eax, 3);
            if (entrySize == 8)
            {
                c.jmp(__qword_ptr[(rax * 8) + Table]);
            }
            else
            {
                c.movsxd(rax, __dword_ptr[rsi + (rax * 4) + 8]);
                c.add(rax, rsi);
                c.jmp(rax);
            }

            for (int i = 0; i < cases.Length; i++)
            {
                c.Label(ref cases[i]);
                c.lea(rbx, __[rbx + (rbx * 2) + i + 1]);
                c.jmp(next);
            }

            c.Label(ref next);
            c.dec(ecx);
            c.jne(top);
            c.hlt();
            AssemblerResult result = c.Assemble(new Discarded(), LongMachine.Code, BlockEncoderOptions.ReturnNewInstructionOffsets);
            for (int i = 0; i < cases.Length; i++) targets[i] = result.GetLabelRIP(cases[i]);
        });
        twins.Both(m =>
        {
            for (int i = 0; i < targets.Length; i++)
            {
                if (entrySize == 8) m.Machine.Load((ulong)(Table + (i * 8)), BitConverter.GetBytes(targets[i]));
                else m.Machine.Load((ulong)(Table + 8 + (i * 4)), BitConverter.GetBytes((int)((long)targets[i] - Table)));
            }
        });
        twins.Run();
        Assert.True(twins.State->Gpr[3] != 0);
    }

    private sealed class Discarded : CodeWriter
    {
        public override void WriteByte(byte value)
        {
        }
    }
}

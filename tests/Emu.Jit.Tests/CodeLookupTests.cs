using Emu.Cpu;
using Emu.Cpu.Tests;
using Emu.Mmu;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Jit.Tests;

/// <summary>Which code is translated, and where code is looked for.</summary>
public sealed unsafe class CodeLookupTests
{
    [Theory]
    [InlineData(50, false)]
    [InlineData(1_000_000, true)]
    public void Code_that_runs_seldom_is_not_translated_however_long_it_goes_on(ulong maxDistance, bool translated)
    {
        using LongMachine guest = new();
        Translator translator = Translator.Attach(guest.Machine.Cpu.Code, new TranslatorOptions { Threshold = 10, Synchronous = true, MaxDistance = maxDistance });
        guest.Machine.Assemble(LongMachine.Code, 64, static c =>
        {
            Iced.Intel.Label start = c.CreateLabel(), inner = c.CreateLabel();
            c.Label(ref start);
            c.mov(edx, 200);
            c.Label(ref inner);
            c.dec(edx);
            c.jne(inner);
            c.inc(ebx);
            c.cmp(ebx, 100);
            c.jb(start);
            c.hlt();
        });

        guest.Machine.Run(1_000_000);

        Assert.Contains(LongMachine.Code + 5, translator.RegionAddresses());
        Assert.Equal(translated, translator.RegionAddresses().Any(static a => a != LongMachine.Code + 5));
        Assert.Equal(translated, translator.Statistics.OffersRare == 0);
    }

    [Theory]
    [InlineData(39, false)]
    [InlineData(41, true)]
    public void Code_that_was_away_for_long_and_is_hot_now_is_translated_soon(int executions, bool translated)
    {
        using LongMachine guest = new();
        Translator translator = Translator.Attach(guest.Machine.Cpu.Code, new TranslatorOptions { Threshold = 80, Synchronous = true, MaxDistance = 50 });
        guest.Machine.Assemble(LongMachine.Code, 64, c =>
        {
            Iced.Intel.Label inner = c.CreateLabel(), function = c.CreateLabel();
            // 79 times, a long pause, and some more: at the next one it is found to have been rare, after forty more no longer.
            void Call(int times)
            {
                Iced.Intel.Label again = c.CreateLabel();
                c.mov(ebx, times);
                c.Label(ref again);
                c.call(function);
                c.dec(ebx);
                c.jne(again);
            }

            Call(79);
            c.mov(edx, 100_000);
            c.Label(ref inner);
            c.dec(edx);
            c.jne(inner);
            Call(1 + executions);
            c.hlt();
            c.nop(4);
            c.Label(ref function);
            c.inc(esi);
            c.ret();
        });

        guest.Machine.Run(1_000_000);

        Assert.Equal(80 + (ulong)executions, guest.Machine.State->Gpr[6]);
        Assert.Equal(1, translator.Statistics.OffersRare);
        Assert.Equal(translated ? 2 : 1, translator.RegionAddresses().Count());
    }

    [Fact]
    public void Two_blocks_that_meet_in_the_jump_cache_are_both_in_it_until_they_are_overwritten()
    {
        // The bits of the address that the index folds onto each other.
        const ulong first = LongMachine.Code + 0x4000, second = first ^ (1ul << 5) ^ (1ul << (5 + JumpCacheEntry.FoldBit - JumpCacheEntry.GrainBits));
        using LongMachine guest = new();
        guest.Machine.Assemble(first, 64, static c => c.ret());
        guest.Machine.Assemble(second, 64, static c => c.ret());
        guest.Machine.Assemble(LongMachine.Code, 64, static c =>
        {
            Iced.Intel.Label start = c.CreateLabel();
            c.Label(ref start);
            c.call(first);
            c.call(second);
            c.inc(ebx);
            c.cmp(ebx, 10);
            c.jb(start);
            c.hlt();
        });

        guest.Machine.Run(10_000);

        Assert.Equal(JumpCacheEntry.Index(HostOf(guest, first)), JumpCacheEntry.Index(HostOf(guest, second)));
        Assert.True(IsCached(guest, first));
        Assert.True(IsCached(guest, second));
        foreach (ulong address in (ulong[])[first, second])
        {
            guest.Machine.Space.Write(address, (ReadOnlySpan<byte>)[0x90]);
            Assert.False(IsCached(guest, address));
        }
    }

    private static nint HostOf(LongMachine guest, ulong linear)
    {
        TlbEntry* tlb = guest.Machine.Cpu.State->CodeEntry(linear);
        Assert.Equal(linear & ~0xFFFul, tlb->ExecuteTag);
        return (nint)(linear + (ulong)tlb->Addend);
    }

    private static bool IsCached(LongMachine guest, ulong linear)
    {
        CpuState* s = guest.Machine.Cpu.State;
        nint host = HostOf(guest, linear);
        JumpCacheEntry* entry = s->JumpCache + JumpCacheEntry.Index(host);
        ulong key = JumpCacheEntry.KeyOf(host, s->Mode);
        return entry->Key == key || JumpCacheEntry.PairOf(entry)->Key == key;
    }
}

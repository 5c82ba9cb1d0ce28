using Xunit;

namespace Emu.Mmu.Tests;

/// <summary>
/// Random edits of random tables (shared between address spaces, mapping themselves, changing level and use) by two processors and by
/// DMA, with the flushes the manual asks for; every access must do what a walk of the tables as they are would do.
/// </summary>
public sealed unsafe class ShadowFuzzTests
{
    private const ulong Tables = 0x10_0000;
    private const ulong DirectPd = 0x1F_0000;
    private const int TableCount = 14;

    private readonly record struct Shape(PagingMode Mode, int Bits, int Size, ulong[] Linears, ulong Direct);

    private static readonly int[] s_indices64 = [0, 1, 511];

    [Theory]
    [InlineData(PagingMode.Bits32, 1, 64)]
    [InlineData(PagingMode.Bits32, 2, 3)]
    [InlineData(PagingMode.Pae, 3, 64)]
    [InlineData(PagingMode.Pae, 4, 3)]
    [InlineData(PagingMode.Level4, 5, 64)]
    [InlineData(PagingMode.Level4, 6, 2)]
    [InlineData(PagingMode.Level4, 7, 5)]
    [InlineData(PagingMode.Level5, 8, 64)]
    [InlineData(PagingMode.Level5, 9, 4)]
    public void Accesses_always_see_the_tables_as_they_are(PagingMode mode, int seed, int maxContexts)
    {
        using var board = new TestBoard(64 << 20, maxContexts: maxContexts);
        // EMU_FUZZ_SCALE=100 makes a long run of it.
        int scale = int.TryParse(Environment.GetEnvironmentVariable("EMU_FUZZ_SCALE"), out int wanted) ? wanted : 1;
        new Run(board, mode, seed, maxContexts).Go(3000 * scale);
    }

    private sealed class Run
    {
        private readonly TestBoard _board;
        private readonly Random _random;
        private readonly Shape _shape;
        private readonly SoftMmu[] _mmus;
        private readonly PagingControls[] _controls = new PagingControls[2];
        private readonly OracleWalker _oracle;
        private readonly MemoryRegion _overlay;
        private ulong[] _working = [];
        private int _faults;
        private int _successes;
        private int _hits;

        public Run(TestBoard board, PagingMode mode, int seed, int maxContexts)
        {
            _board = board;
            _random = new Random(seed);
            _shape = ShapeOf(mode);
            _mmus = [board.Mmu, new SoftMmu(board.Space, PagingFeatures.Full, maxContexts)];
            _oracle = new OracleWalker(board.Read64, PagingFeatures.Full);
            _overlay = MemoryRegion.CreateDevice("overlay", 0x1000, new RecordingDevice(8));
            _overlay.Enabled = false;
            board.Root.AddSubregion(0x20_3000, _overlay, 1);
            BuildDirectMap();
            for (int table = 0; table < TableCount; table++)
            {
                foreach (int index in Indices())
                {
                    board.Space.Write(EntryAddress(table, index), _shape.Size, RandomEntry());
                }
            }

            for (int cpu = 0; cpu < 2; cpu++)
            {
                NewMode(cpu);
                Load(cpu, _random.Next(3));
            }
        }

        public void Go(int rounds)
        {
            for (int round = 0; round < rounds; round++)
            {
                Edit();
                Flush();
                if (round % 50 == 0)
                {
                    _working = [.. Enumerable.Range(0, 4).Select(_ => _shape.Linears[_random.Next(_shape.Linears.Length)])];
                }

                for (int i = 0; i < 40; i++)
                {
                    Access(_random.Next(2));
                }

                if (round % 64 == 0)
                {
                    CheckWriteTags();
                }
            }

            Assert.True(_faults > rounds / 4, $"{_faults} faults");
            Assert.True(_successes > rounds / 4, $"{_successes} successes");
            Assert.True(_hits > rounds / 2, $"{_hits} hits");
            _mmus[1].Dispose();
        }

        private static Shape ShapeOf(PagingMode mode)
        {
            if (mode == PagingMode.Bits32)
            {
                ulong[] linears = [.. from a in new ulong[] { 0, 1, 1023 } from b in new ulong[] { 0, 1, 1023 } select (a << 22) | (b << 12)];
                return new Shape(mode, 10, 4, linears, 512UL << 22);
            }

            ulong[] x = [0, 1, 511];
            var low = from a in x from b in x select (a << 21) | (b << 12);
            return mode switch
            {
                PagingMode.Pae => new Shape(mode, 9, 8, [.. from g in new ulong[] { 0, 1 } from l in low select (g << 30) | l], 3UL << 30),
                PagingMode.Level4 => new Shape(mode, 9, 8, [.. from p in x from g in x from l in low select Sign((p << 39) | (g << 30) | l, 48)], Sign(256UL << 39, 48)),
                _ => new Shape(mode, 9, 8, [.. from q in x from p in x from g in x from l in low select Sign((q << 48) | (p << 39) | (g << 30) | l, 57)], Sign(256UL << 48, 57)),
            };
        }

        private static ulong Sign(ulong linear, int bits) => (ulong)((long)(linear << (64 - bits)) >> (64 - bits));

        private static ulong EntryAddress(int table, int index, int size) => Tables + ((ulong)table << 12) + ((ulong)index * (ulong)size);

        private ulong EntryAddress(int table, int index) => EntryAddress(table, index, _shape.Size);

        private int[] Indices() => _shape.Size == 4 ? [0, 1, 1023] : s_indices64;

        /// <summary>Every table has a way to the first 4 MBytes at <see cref="Shape.Direct"/>, should it be a root.</summary>
        private void BuildDirectMap()
        {
            if (_shape.Mode == PagingMode.Bits32)
            {
                for (int table = 0; table < TableCount; table++)
                {
                    _board.Space.Write(EntryAddress(table, 512), 4, 0xE3);
                }

                return;
            }

            _board.Write64(DirectPd, 0xE3);
            _board.Write64(DirectPd + 0x1000, DirectPd | 0x23);
            _board.Write64(DirectPd + 0x2000, (DirectPd + 0x1000) | 0x23);
            ulong below = _shape.Mode switch { PagingMode.Pae => DirectPd, PagingMode.Level4 => DirectPd + 0x1000, _ => DirectPd + 0x2000 };
            for (int table = 0; table < TableCount; table++)
            {
                _board.Write64(EntryAddress(table, 256), below | 0x23);
            }
        }

        private ulong RandomEntry()
        {
            if (_random.Next(14) == 0)
            {
                return 0;
            }

            ulong target = _random.Next(5) switch
            {
                0 => 0x20_0000 + ((ulong)_random.Next(8) << 12),
                1 => 0x40_0000,
                _ => Tables + ((ulong)_random.Next(TableCount) << 12),
            };
            ulong flags = 1;
            flags |= _random.Next(8) != 0 ? 2UL : 0;
            flags |= _random.Next(10) != 0 ? 4UL : 0;
            flags |= _random.Next(2) != 0 ? 0x20UL : 0;
            flags |= _random.Next(2) != 0 ? 0x40UL : 0;
            flags |= _random.Next(4) == 0 ? 0x100UL : 0;
            if (_random.Next(10) == 0)
            {
                flags |= 0x80;
                target = _random.Next(4) == 0 ? target : 0;
            }

            if (_shape.Size == 8)
            {
                flags |= _random.Next(15) == 0 ? 1UL << 63 : 0;
                flags |= _random.Next(100) == 0 ? 1UL << 50 : 0;
                flags |= _shape.Mode >= PagingMode.Level4 ? (_random.Next(4) == 0 ? 1UL << 59 : 0) : 0;
            }

            return target | flags;
        }

        private void Edit()
        {
            for (int n = _random.Next(1, 4); n > 0; n--)
            {
                int table = _random.Next(TableCount);
                int index = Indices()[_random.Next(3)];
                ulong address = EntryAddress(table, index);
                ulong entry = RandomEntry();
                switch (_random.Next(16))
                {
                    case 0:
                        _board.Space.Write(address, _shape.Size, entry);
                        break;
                    case 1:
                        var page = new byte[_random.Next(8, 4096) & ~7];
                        _board.Space.Read(Tables + ((ulong)table << 12), page);
                        BitConverter.TryWriteBytes(page, entry);
                        _board.Space.Write(Tables + ((ulong)table << 12), page);
                        break;
                    default:
                        for (int again = _random.Next(1, 4); again > 0; again--)
                        {
                            GuestWrite(_random.Next(2), _shape.Direct + address, entry);
                        }

                        break;
                }
            }

            // Uses between an edit and its flush may see the old or the new entry; afterwards nothing old may be left.
            for (int n = _random.Next(6); n > 0; n--)
            {
                ulong linear = _working.Length == 0 ? 0 : _working[_random.Next(_working.Length)];
                _mmus[_random.Next(2)].Fill(linear, (AccessKind)_random.Next(3), (AccessClass)_random.Next(3), out _);
            }

            if (_random.Next(100) == 0)
            {
                _overlay.Enabled = !_overlay.Enabled;
            }

            if (_random.Next(20) == 0)
            {
                uint page = _board.Memory.PageOf(_board.Ram.Base) + 0x200 + (uint)_random.Next(8);
                if (_random.Next(2) == 0)
                {
                    _board.Memory.TrackWrites(page, PageTracking.Code);
                }
                else
                {
                    _board.Memory.Untrack(page, PageTracking.Code);
                }
            }
        }

        private void GuestWrite(int cpu, ulong linear, ulong value)
        {
            TlbEntry* entry = _mmus[cpu].DataEntry(AccessClass.SupervisorAllowUser, linear);
            byte* host = (linear & ~0xFFFUL) == entry->WriteTag ? (byte*)(linear + (ulong)entry->Addend) : null;
            bool direct = host != null;
            if (!direct)
            {
                Assert.True(_mmus[cpu].Fill(linear, AccessKind.Write, AccessClass.SupervisorAllowUser, out Translation t), $"{t.Error}");
                host = t.Host;
            }

            if (_shape.Size == 4)
            {
                *(uint*)host = (uint)value;
            }
            else
            {
                *(ulong*)host = value;
            }

            if (!direct)
            {
                _board.Memory.NotifyWrite(host, (ulong)_shape.Size);
            }
        }

        private void Flush()
        {
            int how = _random.Next(8);
            for (int cpu = 0; cpu < 2; cpu++)
            {
                switch (how)
                {
                    case 0:
                        foreach (ulong linear in _shape.Linears)
                        {
                            _mmus[cpu].InvalidatePage(linear);
                        }

                        break;
                    case 1:
                        _mmus[cpu].Invpcid((InvpcidType)_random.Next(1, 4), 0, 0);
                        break;
                    default:
                        if (_random.Next(16) == 0)
                        {
                            NewMode(cpu);
                        }

                        Load(cpu, _random.Next(3) == 0 ? _random.Next(3) : (int)((_controls[cpu].Cr3 - Tables) >> 12));
                        break;
                }
            }

            if (_shape.Mode == PagingMode.Pae)
            {
                // PDPTEs are read only at MOV to CR3; they may have been edited.
                Load(0, (int)((_controls[0].Cr3 - Tables) >> 12));
                Load(1, (int)((_controls[1].Cr3 - Tables) >> 12));
            }
        }

        private void NewMode(int cpu)
        {
            ref PagingControls c = ref _controls[cpu];
            c.Cr0 = PagingControls.Cr0Pg | (_random.Next(2) == 0 ? PagingControls.Cr0Wp : 0);
            c.Cr4 = (_shape.Mode == PagingMode.Bits32 ? PagingControls.Cr4Pse : PagingControls.Cr4Pae)
                | (_shape.Mode == PagingMode.Level5 ? PagingControls.Cr4La57 : 0)
                | (_random.Next(2) == 0 ? PagingControls.Cr4Smep : 0) | (_random.Next(2) == 0 ? PagingControls.Cr4Smap : 0)
                | (_random.Next(2) == 0 ? PagingControls.Cr4Pke : 0) | (_random.Next(4) == 0 ? PagingControls.Cr4Pks : 0);
            c.Efer = (_shape.Mode >= PagingMode.Level4 ? PagingControls.EferLma : 0) | (_random.Next(3) != 0 ? PagingControls.EferNxe : 0);
            c.Pkru = (uint)_random.Next(16) & ~3u;
            c.Pkrs = 0;
        }

        /// <summary>MOV to CR3. PAE loads PDPTEs from the first entries of the table, reserved bits cleared.</summary>
        private void Load(int cpu, int table)
        {
            ref PagingControls c = ref _controls[cpu];
            c.Cr3 = Tables + ((ulong)table << 12);
            if (_shape.Mode == PagingMode.Pae)
            {
                ulong One(int i) => _board.Read64(c_cr3(cpu) + (8UL * (ulong)i)) & 0x0000_00FF_FFFF_F001;
                c.Pdptes = new Pdptes(One(0), One(1), 0, DirectPd | 1);
            }

            if (_random.Next(2) == 0 && _mmus[cpu].Controls is var now && now.Cr0 == c.Cr0 && now.Cr4 == c.Cr4 && now.Efer == c.Efer && now.Pkru == c.Pkru)
            {
                _mmus[cpu].LoadCr3(c.Cr3, in c.Pdptes);
            }
            else
            {
                _mmus[cpu].SetControls(in c);
                _mmus[cpu].FlushTlb();
            }
        }

        private ulong c_cr3(int cpu) => _controls[cpu].Cr3;

        private void Access(int cpu)
        {
            ulong[] from = _random.Next(8) == 0 ? _shape.Linears : _working;
            ulong linear = from[_random.Next(from.Length)] + (ulong)_random.Next(0x1000);
            var kind = (AccessKind)_random.Next(3);
            var accessClass = (AccessClass)_random.Next(3);
            OracleResult expected = _oracle.Walk(in _controls[cpu], linear, kind, accessClass);
            TlbEntry* entry = kind == AccessKind.Execute ? _mmus[cpu].CodeEntry(accessClass, linear) : _mmus[cpu].DataEntry(accessClass, linear);
            ulong tag = kind == AccessKind.Read ? entry->ReadTag : kind == AccessKind.Write ? entry->WriteTag : entry->ExecuteTag;
            string what = $"{_shape.Mode} cpu {cpu} {kind} {accessClass} at {linear:X}: ";
            byte* host;
            if (tag == (linear & ~0xFFFUL))
            {
                _hits++;
                host = (byte*)(linear + (ulong)entry->Addend);
                Assert.False(expected.Fault, what + $"hit, expected error {expected.Error:X}");
            }
            else
            {
                bool ok = _mmus[cpu].Fill(linear, kind, accessClass, out Translation t);
                Assert.True(ok != expected.Fault, what + $"{ok}, error {t.Error}, expected {expected.Fault} {expected.Error:X}");
                if (!ok)
                {
                    Assert.Equal(expected.Error, (uint)t.Error);
                    _faults++;
                    return;
                }

                Assert.Equal(expected.Physical, t.Physical);
                host = t.Host;
            }

            _successes++;
            bool device = _overlay.Enabled && (expected.Physical & ~0xFFFUL) == 0x20_3000;
            bool inRam = !device && expected.Physical < _board.Ram.Size;
            Assert.True(host == (inRam ? _board.Ram.Base + expected.Physical : null), what + "wrong host address");
            ulong flags = kind == AccessKind.Write ? 0x60UL : 0x20;
            Assert.Equal(flags, _board.Space.Read(expected.LeafAddress, expected.LeafSize) & flags);
        }

        private void CheckWriteTags()
        {
            foreach (SoftMmu mmu in _mmus)
            {
                foreach (AccessClass accessClass in Enum.GetValues<AccessClass>())
                {
                    TlbEntry* tlb = mmu.Tlb(accessClass);
                    for (int i = 0; i < TlbEntry.Count; i++)
                    {
                        if (tlb[i].WriteTag != TlbEntry.Invalid)
                        {
                            byte* host = (byte*)(tlb[i].WriteTag + (ulong)tlb[i].Addend);
                            Assert.False(_board.Memory.IsTracked(_board.Memory.PageOf(host)));
                        }
                    }
                }
            }
        }
    }
}

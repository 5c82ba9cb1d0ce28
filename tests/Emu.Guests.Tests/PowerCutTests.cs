using System.Buffers.Binary;
using System.Diagnostics;
using Emu.Devices.Storage;
using Emu.Machine;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Guests.Tests;

/// <summary>A fact that needs SeaBIOS.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SeaBiosFactAttribute : FactAttribute
{
    /// <summary>Marks a fact.</summary>
    public SeaBiosFactAttribute()
    {
        if (!FirmwareFiles.HasBios) Skip = "needs SeaBIOS: install the package seabios";
    }
}

/// <summary>
/// The emulator is killed while its guest writes. The guest writes sector after sector, each in a cluster of its own, tells the disk to flush, and only
/// then reports the sector's number over the serial line: whatever it reported must be in the image afterwards.
/// </summary>
public sealed class PowerCutTests : IDisposable
{
    private const int Sector = 512, SectorsOfDisk = 1 << 18, Stride = 4099, CommonRounds = 4, RoundsOfLongRun = 50;

    private readonly string directory = Directory.CreateTempSubdirectory("emu-power-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [SeaBiosFact]
    public void After_a_kill_during_writes_qcow2_is_consistent_and_holds_every_flushed_sector()
    {
        string disk = Path.Combine(directory, "disk.qcow2");
        ImageTool.Create(disk, new ImageCreateOptions { Format = "qcow2", Size = (long)SectorsOfDisk * Sector });
        int rounds = Environment.GetEnvironmentVariable(GuestFactAttribute.LongRunVariable) is null or "" ? CommonRounds : RoundsOfLongRun;
        Random random = new(1);
        uint written = 0;
        for (int round = 0; round < rounds; round++)
        {
            uint reported = WriteUntilKilled(disk, written, written + (uint)random.Next(1, 400));
            ImageCheckResult check = ImageTool.Check(disk, "qcow2", Qcow2Repair.None);
            Assert.True(check.Corruptions == 0, $"round {round}: {check.Corruptions} corruptions");
            AssertHolds(disk, reported);
            // The guest may have been further than its last report; those sectors are written again.
            written = reported;
        }
    }

    /// <summary>Lets the guest write from one sector on until it has reported another; returns how many it has reported in all.</summary>
    private uint WriteUntilKilled(string disk, uint from, uint until)
    {
        string kernel = Path.Combine(directory, "writer");
        MultibootProgram.Write(kernel, a => WriteSectors(a, from));
        using Process emu = EmuProcess.Start("-m", "16", "-display", "none", "-serial", "stdio", "-kernel", kernel, "-hda", disk);
        Task<string> errors = emu.StandardError.ReadToEndAsync();
        Stream output = emu.StandardOutput.BaseStream;
        byte[] report = new byte[4];
        uint reported = from;
        while (reported < until)
        {
            if (output.ReadAtLeast(report, 4, throwOnEndOfStream: false) < 4) throw new Xunit.Sdk.XunitException("the guest has ended: " + errors.GetAwaiter().GetResult());
            Assert.Equal(reported, BinaryPrimitives.ReadUInt32LittleEndian(report));
            reported++;
        }

        emu.Kill();
        emu.WaitForExit();
        // What was on its way counts too.
        while (output.ReadAtLeast(report, 4, throwOnEndOfStream: false) == 4) Assert.Equal(reported++, BinaryPrimitives.ReadUInt32LittleEndian(report));
        return reported;
    }

    private static void AssertHolds(string disk, uint count)
    {
        using BlockImage image = DiskImages.Open(disk, new DiskImageOptions { Format = "qcow2", ReadOnly = true });
        byte[] sector = new byte[Sector], expected = new byte[Sector];
        for (uint i = 0; i < count; i++)
        {
            for (int at = 0; at < Sector; at += 4) BinaryPrimitives.WriteUInt32LittleEndian(expected.AsSpan(at), i + 1);
            image.ReadAt((long)(i * Stride % SectorsOfDisk) * Sector, sector);
            Assert.True(sector.AsSpan().SequenceEqual(expected), $"sector {i} of {count} is lost");
        }
    }

    /// <summary>Sector n (from EBX on) at LBA n * <see cref="Stride"/>, filled with n + 1; through the primary IDE channel, by PIO.</summary>
    private static void WriteSectors(Assembler a, uint from)
    {
        const ushort data = 0x1F0, count = 0x1F2, low = 0x1F3, device = 0x1F6, command = 0x1F7, serial = 0x3F8, lineStatus = 0x3FD;
        const uint buffer = 0x200000;
        Label next = a.CreateLabel();
        // 8 data bits, FIFOs on.
        Out(a, 0x3FB, 3);
        Out(a, 0x3FA, 1);
        a.cld();
        a.mov(esp, 0x80000);
        a.mov(ebx, from);
        a.Label(ref next);
        a.lea(eax, __[ebx + 1]);
        a.mov(edi, buffer);
        a.mov(ecx, Sector / 4);
        a.rep.stosd();
        a.imul(esi, ebx, Stride);
        a.and(esi, SectorsOfDisk - 1);
        WaitDisk(a, ready: 0);
        Out(a, device, 0xE0);
        Out(a, count, 1);
        for (ushort port = low; port < device; port++)
        {
            a.mov(eax, esi);
            a.mov(dx, port);
            a.@out(dx, al);
            a.shr(esi, 8);
        }

        Out(a, command, 0x30);
        WaitDisk(a, ready: 8);
        a.mov(esi, buffer);
        a.mov(ecx, Sector / 2);
        a.mov(dx, data);
        a.rep.outsw();
        WaitDisk(a, ready: 0);
        Out(a, command, 0xE7);
        WaitDisk(a, ready: 0);
        a.mov(ecx, ebx);
        for (int i = 0; i < 4; i++)
        {
            Label busy = a.CreateLabel();
            a.mov(dx, lineStatus);
            a.Label(ref busy);
            a.@in(al, dx);
            a.test(al, 0x20);
            a.je(busy);
            a.mov(dx, serial);
            a.mov(eax, ecx);
            a.@out(dx, al);
            a.shr(ecx, 8);
        }

        a.inc(ebx);
        a.jmp(next);
    }

    private static void Out(Assembler a, ushort port, uint value)
    {
        a.mov(dx, port);
        a.mov(eax, value);
        a.@out(dx, al);
    }

    /// <summary>Waits until BSY is clear and the given bits are set; an error stops the guest.</summary>
    private static void WaitDisk(Assembler a, sbyte ready)
    {
        Label wait = a.CreateLabel(), good = a.CreateLabel();
        a.mov(dx, 0x1F7);
        a.Label(ref wait);
        a.@in(al, dx);
        a.test(al, 0x80);
        a.jne(wait);
        a.test(al, 0x21);
        a.je(good);
        a.cli();
        a.hlt();
        a.Label(ref good);
        if (ready == 0) return;
        a.test(al, ready);
        a.je(wait);
    }
}

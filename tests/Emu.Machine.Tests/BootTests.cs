using System.Buffers.Binary;
using Emu.Devices.Serial;
using Emu.Machine.Loaders;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Machine.Tests;

/// <summary>A fact that needs SeaBIOS; skipped, with the reason, where it is not installed.</summary>
public sealed class SeaBiosFactAttribute : FactAttribute
{
    public SeaBiosFactAttribute()
    {
        if (FirmwareFiles.TryReadRom("bios-256k.bin") == null) Skip = "needs SeaBIOS: install the package seabios";
    }
}

public sealed class BootTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    [Fact]
    public void A_multiboot_kernel_entered_without_a_bios_reports_on_serial_and_leaves_through_debug_exit()
    {
        string kernel = WriteKernel(a =>
        {
            // 8 data bits, FIFOs on: after reset the line has five bits and room for one character.
            a.mov(dx, 0x3FB);
            a.mov(eax, 3);
            a.@out(dx, al);
            a.mov(dx, 0x3FA);
            a.mov(eax, 1);
            a.@out(dx, al);
            a.mov(dx, 0x3F8);
            foreach (char c in "ok\n")
            {
                a.mov(eax, (uint)c);
                a.@out(dx, al);
            }

            a.mov(dx, 0xF4);
            a.mov(eax, 3);
            a.@out(dx, eax);
            Label halt = a.CreateLabel();
            a.Label(ref halt);
            a.hlt();
            a.jmp(halt);
        });
        try
        {
            MemoryCharacterDevice serial = new();
            using Machine machine = new(new MachineConfiguration
            {
                Memory = 16 << 20,
                Serial = [_ => serial],
                DebugExit = (0xF4, 4),
                Vga = false,
                Kernel = new KernelConfiguration { Path = kernel, Boot = KernelBoot.Direct },
            });
            Assert.True(machine.RunUntil(() => machine.StopReason != StopReason.None, Limit));
            Assert.Equal("ok\n", serial.Text);
            Assert.Equal(StopReason.DebugExit, machine.StopReason);
            Assert.Equal((3 << 1) | 1, machine.ExitStatus);
        }
        finally
        {
            File.Delete(kernel);
        }
    }

    [Fact]
    public void An_instruction_counted_machine_repeats_itself_exactly()
    {
        string kernel = WriteKernel(a =>
        {
            Label loop = a.CreateLabel();
            a.Label(ref loop);
            a.rdtsc();
            a.add(ebx, eax);
            a.jmp(loop);
        });
        try
        {
            (ulong, ulong) first = RunCounted(kernel), second = RunCounted(kernel);
            Assert.Equal(first, second);
            Assert.Equal(100_000ul, first.Item1);
        }
        finally
        {
            File.Delete(kernel);
        }
    }

    [SeaBiosFact]
    public void SeaBios_shows_its_boot_screen()
    {
        using Machine machine = new(new MachineConfiguration { Memory = 64 << 20 });
        Assert.True(
            machine.RunUntil(() => machine.Board.Display?.ReadText().Any(l => l.Contains("No bootable device", StringComparison.Ordinal)) == true, Limit),
            string.Join('\n', machine.Board.Display?.ReadText() ?? []));
        Assert.Contains(machine.Board.Display?.ReadText() ?? [], l => l.StartsWith("SeaBIOS (version", StringComparison.Ordinal));
    }

    [SeaBiosFact]
    public void SeaBios_starts_the_application_processors()
    {
        // It installs its SMI handler at the bootstrap processor's SMBASE only; an SMI at another one would end in garbage.
        using Machine machine = new(new MachineConfiguration { Memory = 64 << 20, Processors = 3 });
        Assert.True(
            machine.RunUntil(() => machine.Board.Display?.ReadText().Any(l => l.Contains("No bootable device", StringComparison.Ordinal)) == true, Limit),
            string.Join('\n', machine.Board.Display?.ReadText() ?? []));
        Assert.All(machine.Board.Processors, p => Assert.True(p.RetiredInstructions > 0));
    }

    [SeaBiosFact]
    public void The_bios_prints_on_the_second_parallel_port_when_there_are_two()
    {
        string image = WriteBootFloppy(a =>
        {
            foreach (char c in "LPT2")
            {
                a.mov(ax, (ushort)c);
                a.mov(dx, 1);
                a.@int(0x17);
            }

            a.mov(dx, 0xF4);
            a.mov(al, ah);
            a.@out(dx, al);
        });
        try
        {
            MemoryCharacterDevice first = new(), second = new();
            using Machine machine = new(FloppyMachine(image) with { Parallel = [_ => first, _ => second] });
            Assert.True(machine.RunUntil(() => machine.StopReason != StopReason.None, Limit));
            Assert.Equal("LPT2", second.Text);
            Assert.Equal("", first.Text);
            // Int 17h's answer, as far as an exit status carries it: acknowledged and selected; no paper out, error or time-out.
            Assert.Equal(0x50, machine.ExitStatus >> 1 & 0x79);
        }
        finally
        {
            File.Delete(image);
        }
    }

    [SeaBiosFact]
    public void A_write_that_the_host_refuses_is_an_error_of_the_drive_and_one_line_for_the_user()
    {
        // Refused in a file whose format was guessed: the magic number of a qcow2 image at its beginning.
        string image = WriteBootFloppy(a =>
        {
            Label again = a.CreateLabel();
            a.mov(__dword_ptr[0x8000], 0xFB494651);
            a.mov(si, 2);
            a.Label(ref again);
            a.mov(ax, 0x0301);
            a.mov(bx, 0x8000);
            a.mov(cx, 1);
            a.mov(dx, 0x80);
            a.@int(0x13);
            a.sbb(di, di);
            a.dec(si);
            a.jnz(again);
            a.mov(dx, 0xF4);
            a.mov(ax, di);
            a.@out(dx, al);
        });
        string disk = Path.GetTempFileName();
        File.WriteAllBytes(disk, new byte[1 << 20]);
        try
        {
            MachineConfiguration configuration = FloppyMachine(image);
            using Machine machine = new(configuration with { Drives = [.. configuration.Drives, new DriveConfiguration { Kind = DriveKind.Disk, File = disk }] });
            List<string> troubles = [];
            machine.HostTrouble += troubles.Add;
            Assert.True(machine.RunUntil(() => machine.StopReason != StopReason.None, Limit));
            Assert.Equal(0x7F, machine.ExitStatus >> 1);
            string trouble = Assert.Single(troubles);
            Assert.Contains(disk, trouble, StringComparison.Ordinal);
            Assert.EndsWith("; the guest gets an error from its drive", trouble, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(image);
            File.Delete(disk);
        }
    }

    [Fact]
    public void A_file_that_is_no_kernel_is_refused_in_one_line()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "not a kernel");
            LoaderException e = Assert.Throws<LoaderException>(() => new Machine(new MachineConfiguration
            {
                Kernel = new KernelConfiguration { Path = path, Boot = KernelBoot.Direct },
            }));
            Assert.Contains("neither a Linux bzImage nor", e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', e.Message);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData(0x800 + (0x100 * 16) - 15, true)]
    [InlineData(0x800 + (0x100 * 16) - 16, false)]
    public void A_bzImage_must_be_as_long_as_its_header_says(int length, bool whole)
    {
        byte[] kernel = new byte[length];
        kernel[0x1F1] = 3;
        BinaryPrimitives.WriteUInt32LittleEndian(kernel.AsSpan(0x1F4), 0x100);
        (kernel[0x1FE], kernel[0x1FF]) = (0x55, 0xAA);
        "HdrS"u8.CopyTo(kernel.AsSpan(0x202));
        BinaryPrimitives.WriteUInt16LittleEndian(kernel.AsSpan(0x206), 0x20F);
        kernel[0x211] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(kernel.AsSpan(0x238), 2047);
        if (whole) Assert.Equal(0x20F, LinuxImage.Parse(kernel, null, "quiet", "a").Protocol);
        else Assert.Equal($"a: truncated bzImage ({length} bytes, {length + 1} by its header)", Assert.Throws<LoaderException>(() => LinuxImage.Parse(kernel, null, "quiet", "a")).Message);
    }

    [Theory]
    [InlineData("", "a file name is missing")]
    [InlineData("/", "/: is a directory")]
    [InlineData("/dev/zero", "/dev/zero: more than 256 MiB and no end; a kernel, a ramdisk or a BIOS is a file")]
    public void A_kernel_that_cannot_be_a_file_is_refused_in_one_line(string path, string message)
    {
        LoaderException e = Assert.Throws<LoaderException>(() => new Machine(new MachineConfiguration
        {
            Kernel = new KernelConfiguration { Path = path, Boot = KernelBoot.Direct },
        }));
        Assert.Equal(message, e.Message);
    }

    private static unsafe (ulong Instructions, ulong Sum) RunCounted(string kernel)
    {
        using Machine machine = new(new MachineConfiguration
        {
            Memory = 16 << 20,
            Vga = false,
            Clock = new ClockConfiguration { InstructionShift = 1, RtcBase = DateTime.UnixEpoch },
            Kernel = new KernelConfiguration { Path = kernel, Boot = KernelBoot.Direct },
        });
        machine.RunInstructions(100_000);
        return (machine.RetiredInstructions, machine.Board.Processors[0].State->Gpr[3]);
    }

    /// <summary>A Multiboot kernel with address fields, loaded and entered at 1 MiB.</summary>
    private static MachineConfiguration FloppyMachine(string image) => new()
    {
        Memory = 16 << 20,
        DebugExit = (0xF4, 4),
        Drives = [new DriveConfiguration { Kind = DriveKind.Floppy, File = image, Format = "raw", ReadOnly = true }],
        BootOrder = "a",
    };

    /// <summary>A 1.44 MB floppy whose boot sector runs the code, then halts.</summary>
    private static string WriteBootFloppy(Action<Assembler> code)
    {
        const int sectorSize = 512, load = 0x7C00;
        Assembler a = new(16);
        Label halt = a.CreateLabel();
        code(a);
        a.Label(ref halt);
        a.hlt();
        a.jmp(halt);
        using MemoryStream assembled = new();
        a.Assemble(new StreamCodeWriter(assembled), load);
        byte[] floppy = new byte[2880 * sectorSize];
        assembled.ToArray().CopyTo(floppy, 0);
        floppy[sectorSize - 2] = 0x55;
        floppy[sectorSize - 1] = 0xAA;
        string image = Path.GetTempFileName();
        File.WriteAllBytes(image, floppy);
        return image;
    }

    private static string WriteKernel(Action<Assembler> code)
    {
        const uint load = 0x100000, headerSize = 32, flags = 1 << 16, magic = 0x1BADB002;
        Assembler a = new(32);
        code(a);
        using MemoryStream body = new();
        a.Assemble(new StreamCodeWriter(body), load + headerSize);
        using MemoryStream file = new();
        using (BinaryWriter writer = new(file, System.Text.Encoding.Latin1, leaveOpen: true))
        {
            foreach (uint field in (ReadOnlySpan<uint>)[magic, flags, unchecked(0u - magic - flags), load, load, 0, 0, load + headerSize]) writer.Write(field);
        }

        body.WriteTo(file);
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, file.ToArray());
        return path;
    }
}

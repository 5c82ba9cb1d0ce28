using System.Diagnostics;
using System.Globalization;
using Emu.Devices.Storage;
using Emu.Devices.Storage.Floppy;
using Emu.Devices.Storage.Ide;
using Emu.Mmu;
using Xunit;

namespace Emu.Devices.Tests.Storage;

/// <summary>Ports of a PC with a disk (primary master), a CD (secondary master) and a diskette (A:).</summary>
internal interface IStoragePc
{
    uint In(int port, int size);

    void Out(int port, int size, uint value);

    /// <summary>Lets disk work and timers finish.</summary>
    void Settle();
}

/// <summary>A fact that compares with QEMU's devices; skipped with a reason where it is not installed.</summary>
public sealed class QemuSystemFactAttribute : FactAttribute
{
    public QemuSystemFactAttribute()
    {
        if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Combine(directory, QTestPc.Program))))
            Skip = $"{QTestPc.Program} is not installed (Debian package qemu-system-x86)";
    }
}

/// <summary>QEMU's devices without a processor, driven over the qtest protocol.</summary>
internal sealed class QTestPc : IStoragePc, IDisposable
{
    public const string Program = "qemu-system-x86_64";

    private readonly Process _process;

    public QTestPc(string disk, string cd, string floppy)
    {
        var start = new ProcessStartInfo(Program,
        [
            "-M", "pc", "-m", "16", "-display", "none", "-nodefaults", "-S", "-qtest", "stdio", "-qtest-log", "/dev/null",
            "-drive", $"if=ide,index=0,format=raw,file={disk}", "-drive", $"if=ide,index=2,media=cdrom,format=raw,file={cd}", "-drive", $"if=floppy,index=0,format=raw,file={floppy}",
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start) ?? throw new InvalidOperationException(Program);
        Out(0x3F2, 1, 0); // a BIOS resets the controller before it uses it
    }

    public uint In(int port, int size) =>
        uint.Parse(Ask($"in{Suffix(size)} 0x{port:x}").AsSpan(5), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    public void Out(int port, int size, uint value) => Ask($"out{Suffix(size)} 0x{port:x} 0x{value:x}");

    public void Settle()
    {
        for (int i = 0; i < 200; i++)
        {
            if (((In(0x3F6, 1) | In(0x376, 1)) & 0x80) == 0) break;
            Thread.Sleep(1);
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static char Suffix(int size) => size switch { 1 => 'b', 2 => 'w', _ => 'l' };

    private string Ask(string line)
    {
        _process.StandardInput.Write(line + "\n");
        _process.StandardInput.Flush();
        string? answer = _process.StandardOutput.ReadLine();
        Assert.True(answer is not null && answer.StartsWith("OK", StringComparison.Ordinal), $"qtest: {line} -> {answer} {(answer is null ? _process.StandardError.ReadToEnd() : "")}");
        return answer ?? "";
    }
}

/// <summary>The devices under test on the same ports.</summary>
internal sealed class EmulatedPc : IStoragePc
{
    private readonly PortSpace _ports = new();
    private readonly ManualClock _clock = new();

    public EmulatedPc(string disk, string cd, string floppy)
    {
        var memory = new FlatMemory(1 << 20);
        var isa = new TestIsaBus(memory);
        var primary = new IdeChannel(isa.Lines[14], memory);
        var secondary = new IdeChannel(isa.Lines[15], memory);
        primary.Attach(0, new AtaDisk(Backend(disk, false)));
        secondary.Attach(0, new AtapiCdRom(Backend(cd, true)));
        var controller = new FloppyController(isa);
        controller.Attach(0, new FloppyDrive(medium: Backend(floppy, false)));
        _ports.Map(0x1F0, 8, primary.CommandBlock, "ide0");
        _ports.Map(0x3F6, 1, primary.ControlBlock, "ide0c");
        _ports.Map(0x170, 8, secondary.CommandBlock, "ide1");
        _ports.Map(0x376, 1, secondary.ControlBlock, "ide1c");
        _ports.Map(FloppyController.FirstPort, FloppyController.PortCount, controller.Registers, "fdc");
        _ports.Map(FloppyController.DirPort, 1, controller.InputRegister, "fdc");
    }

    public uint In(int port, int size) => _ports.Read((ushort)port, size);

    public void Out(int port, int size, uint value) => _ports.Write((ushort)port, size, value);

    public void Settle() => _clock.Settle();

    private DeterministicBlockBackend Backend(string path, bool readOnly) => new(new MemoryImage(File.ReadAllBytes(path), readOnly), _clock);
}

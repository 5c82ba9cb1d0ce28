using System.Text;

using Emu.Devices.Debugging;
using Emu.Devices.Serial;
using Emu.Mmu;
using Xunit;

namespace Emu.Devices.Tests.Debugging;

public class DebugDeviceTests
{
    [Fact]
    public void Debug_console_prints_and_shows_that_it_is_there()
    {
        MemoryCharacterDevice line = new();
        DebugConsolePort port = new(line);
        Assert.Equal(0xE9u, port.ReadPort(0, 1));
        foreach (byte b in "SeaBIOS"u8)
            port.WritePort(0, 1, b);
        Assert.Equal("SeaBIOS", line.Text);
    }

    [Theory]
    [InlineData(0u, 1)]
    [InlineData(1u, 3)]
    [InlineData(0x3Fu, 127)]
    public void Debug_exit_turns_the_code_into_an_odd_status(uint code, int status)
    {
        int seen = -1;
        PortSpace ports = new();
        ports.Map(0xF4, 4, new IsaDebugExit(s => seen = s), "exit");
        Assert.Equal(0u, ports.Read(0xF4, 4));
        ports.Write(0xF4, 4, code);
        Assert.Equal(status, seen);
    }

    [Fact]
    public void Only_the_whole_word_shuts_down()
    {
        int count = 0;
        BochsShutdownPort port = new(() => count++);
        foreach (byte b in Encoding.ASCII.GetBytes("ShutShutdow_Shutdow"))
            port.WritePort(0, 1, b);
        Assert.Equal(0, count);
        port.WritePort(0, 1, 'n');
        Assert.Equal(1, count);
    }

    [Fact]
    public void Test_device_scratch_ports_are_one_word_in_every_width()
    {
        PcTestDevice device = new(_ => new RecordingLine());
        PortSpace ports = new();
        ports.Map(PcTestDevice.ScratchPort, PcTestDevice.ScratchPortCount, device.Scratch, "scratch");
        ports.Write(0xE0, 4, 0x11223344);
        Assert.Equal(0x11223344u, ports.Read(0xE8, 4));
        ports.Write(0xE1, 1, 0xAA);
        ports.Write(0xE2, 2, 0xBBCC);
        Assert.Equal(0xBBCCAA44u, ports.Read(0xE0, 4));
        ports.Write(0xE4, 4, 0xFFFFFFFF);
        Assert.Equal(0xBBu, ports.Read(0xEB, 1));
        Assert.Equal(0u, ports.Read(0xE4, 4));
    }

    [Fact]
    public void Test_device_drives_interrupt_inputs_and_its_window_holds_data()
    {
        RecordingLine[] lines = [.. Enumerable.Range(0, 24).Select(_ => new RecordingLine())];
        PcTestDevice device = new(n => lines[n]);
        device.Interrupts.WritePort(17, 1, 1);
        Assert.Equal([17], Enumerable.Range(0, 24).Where(n => lines[n].Level));
        device.Interrupts.WritePort(17, 1, 0);
        Assert.False(lines[17].Level);
        device.Window.WriteMemory(0xFFF8, 8, 0x1122334455667788);
        Assert.Equal(0x5566ul, device.Window.ReadMemory(0xFFFA, 2));
        device.Window.WriteMemory(0xFFFC, 8, ulong.MaxValue);
        Assert.Equal(0ul, device.Window.ReadMemory(0x10000, 8));
        PortFuzz.Run(device.Scratch, PcTestDevice.ScratchPortCount, 10_000);
        PortFuzz.Run(device.Interrupts, PcTestDevice.InterruptCount, 10_000);
    }
}

using Emu.Devices.Input;
using Xunit;

namespace Emu.Devices.Tests.Input;

public sealed class VmMouseTests
{
    private const uint Magic = 0x564D5868, ReadId = 0x45414552, Absolute = 0x53424152, Relative = 0x4C455252, Disable = 0xF5;
    private readonly Registers _registers = new();
    private readonly CountingMouse _mouse = new();
    private readonly VmMouse _pointer;
    private readonly VmPort _port;

    public VmMouseTests()
    {
        _pointer = new VmMouse(_mouse);
        _port = new VmPort(_registers, _pointer, 64 << 20);
    }

    [Fact]
    public void The_backdoor_answers_with_its_version_only_to_those_who_know_the_magic_number()
    {
        Assert.Equal(6u, Call(10, 0));
        Assert.Equal(Magic, _registers[3]);
        Assert.Equal(64u << 20, Call(20, 0));
        Assert.Equal(uint.MaxValue, Call(99, 0));
        _registers[0] = 0x12345678;
        Assert.Equal(uint.MaxValue, _port.ReadPort(0, 4));
    }

    [Fact]
    public void A_driver_identifies_the_device_and_then_gets_places_with_buttons_and_wheel()
    {
        Assert.Equal(0xFFFF0000, Call(40, 0));
        Enable();
        Assert.True(_pointer.IsInUse);
        _pointer.Place(1, 0.5);
        _pointer.SetButtons(PointerButtons.Left | PointerButtons.Right);
        _pointer.Turn(-1);
        Assert.Equal(3, _mouse.Moves);
        Assert.Equal(12u, Call(40, 0));
        Assert.Equal([0u, 0xFFFFu, 0x7FFFu, 0u], Report());
        Assert.Equal([0x30u, 0xFFFFu, 0x7FFFu, 0u], Report());
        Assert.Equal([0x30u, 0xFFFFu, 0x7FFFu, 0xFFFFFFFFu], Report());
        Assert.Equal(0u, Call(40, 0));
    }

    [Fact]
    public void Asking_for_more_than_there_is_stops_the_device_until_it_is_identified_again()
    {
        Enable();
        _pointer.Place(0, 0);
        Call(39, 5);
        Assert.Equal(0xFFFF0000, Call(40, 0));
        Enable();
        Assert.Equal(0u, Call(40, 0));
    }

    [Theory]
    [InlineData(Relative)]
    [InlineData(Disable)]
    public void Without_absolute_reports_the_other_mouse_is_in_use(uint command)
    {
        Enable();
        Call(41, command);
        Assert.False(_pointer.IsInUse);
        _pointer.Place(0.5, 0.5);
        Assert.Equal(0, _mouse.Moves);
    }

    [Fact]
    public void A_guest_that_does_not_read_fills_the_queue_and_no_more()
    {
        Enable();
        for (int i = 0; i < 1000; i++)
            _pointer.Place(i / 1000.0, 0);
        Assert.Equal(1024u, Call(40, 0));
    }

    [Fact]
    public void Its_state_survives_a_snapshot()
    {
        Enable();
        _pointer.SetButtons(PointerButtons.Middle);
        using MemoryStream saved = new();
        _pointer.SaveState(new BinaryWriter(saved));
        _pointer.Reset();
        Assert.False(_pointer.IsInUse);
        saved.Position = 0;
        _pointer.LoadState(new BinaryReader(saved));
        Assert.True(_pointer.IsInUse);
        Assert.Equal([0x08u, 0u, 0u, 0u], Report());
    }

    private void Enable()
    {
        Call(41, ReadId);
        Assert.Equal(1u, Call(40, 0));
        Assert.Equal(VmMouse.Version, Call(39, 1));
        Call(41, Absolute);
    }

    private uint[] Report() => [Call(39, 4), _registers[3], _registers[1], _registers[2]];

    private uint Call(ushort command, uint argument)
    {
        (_registers[0], _registers[3], _registers[1], _registers[2]) = (Magic, argument, command, VmPort.Port);
        return _port.ReadPort(0, 4);
    }

    private sealed class Registers : IPortCaller
    {
        private readonly uint[] _values = new uint[8];

        public uint this[int register]
        {
            get => _values[register];
            set => _values[register] = value;
        }
    }

    private sealed class CountingMouse : IPointer
    {
        public int Moves { get; private set; }

        public void Move(int x, int y, int wheel) => Moves++;

        public void SetButtons(PointerButtons buttons)
        {
        }
    }
}

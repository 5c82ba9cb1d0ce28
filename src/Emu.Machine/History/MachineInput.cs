using Emu.Devices.Chipset;
using Emu.Devices.Input;
using Emu.Devices.Serial;

namespace Emu.Machine;

/// <summary>Something that reaches the guest from outside the machine, and that no re-execution could find out by itself.</summary>
internal abstract record MachineInput
{
    private enum Kind : byte
    {
        Key,
        PointerMove,
        PointerButtons,
        SerialData,
        SerialSignal,
        PowerButton,
        Reset,
        Nmi,
    }

    /// <summary>Lets the machine have it, now.</summary>
    public abstract void Apply(Machine machine);

    /// <summary>Writes it for a file.</summary>
    public abstract void Write(BinaryWriter writer);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is no input.</exception>
    public static MachineInput Read(BinaryReader reader) => (Kind)reader.ReadByte() switch
    {
        Kind.Key => new KeyInput((KeyCode)reader.ReadInt32(), reader.ReadBoolean()),
        Kind.PointerMove => new PointerMoveInput(reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32()),
        Kind.PointerButtons => new PointerButtonsInput((PointerButtons)reader.ReadByte()),
        Kind.SerialData => new SerialDataInput(reader.ReadByte(), reader.ReadBytes(reader.ReadUInt16())),
        Kind.SerialSignal => new SerialSignalInput(reader.ReadByte(), (CharacterEvent)reader.ReadByte()),
        Kind.PowerButton => new PowerButtonInput(),
        Kind.Reset => new ResetInput(),
        Kind.Nmi => new NmiInput(reader.ReadByte()),
        _ => throw new InvalidDataException("an input of an unknown kind"),
    };

    /// <summary>A key of the keyboard.</summary>
    public sealed record KeyInput(KeyCode Key, bool Pressed) : MachineInput
    {
        public override void Apply(Machine machine) => machine.Board.Keyboard.SetKey(Key, Pressed);

        public override void Write(BinaryWriter writer)
        {
            writer.Write((byte)Kind.Key);
            writer.Write((int)Key);
            writer.Write(Pressed);
        }
    }

    /// <summary>A movement of the mouse.</summary>
    public sealed record PointerMoveInput(int X, int Y, int Wheel) : MachineInput
    {
        public override void Apply(Machine machine) => machine.Board.Mouse.Move(X, Y, Wheel);

        public override void Write(BinaryWriter writer)
        {
            writer.Write((byte)Kind.PointerMove);
            writer.Write(X);
            writer.Write(Y);
            writer.Write(Wheel);
        }
    }

    /// <summary>The buttons of the mouse.</summary>
    public sealed record PointerButtonsInput(PointerButtons Buttons) : MachineInput
    {
        public override void Apply(Machine machine) => machine.Board.Mouse.SetButtons(Buttons);

        public override void Write(BinaryWriter writer)
        {
            writer.Write((byte)Kind.PointerButtons);
            writer.Write((byte)Buttons);
        }
    }

    /// <summary>Bytes on a serial line.</summary>
    public sealed record SerialDataInput(int Line, byte[] Data) : MachineInput
    {
        public override void Apply(Machine machine) => machine.Board.RecordedLines[Line].Deliver(Data);

        public override void Write(BinaryWriter writer)
        {
            writer.Write((byte)Kind.SerialData);
            writer.Write((byte)Line);
            writer.Write((ushort)Data.Length);
            writer.Write(Data);
        }
    }

    /// <summary>A break, or the other end of a serial line coming or going.</summary>
    public sealed record SerialSignalInput(int Line, CharacterEvent Signal) : MachineInput
    {
        public override void Apply(Machine machine) => machine.Board.RecordedLines[Line].Deliver(Signal);

        public override void Write(BinaryWriter writer)
        {
            writer.Write((byte)Kind.SerialSignal);
            writer.Write((byte)Line);
            writer.Write((byte)Signal);
        }
    }

    /// <summary>The power button.</summary>
    public sealed record PowerButtonInput : MachineInput
    {
        public override void Apply(Machine machine) => machine.Board.Chipset.PowerManagement.PressPowerButton();

        public override void Write(BinaryWriter writer) => writer.Write((byte)Kind.PowerButton);
    }

    /// <summary>The reset button.</summary>
    public sealed record ResetInput : MachineInput
    {
        public override void Apply(Machine machine) => machine.RequestReset(ResetSource.Other);

        public override void Write(BinaryWriter writer) => writer.Write((byte)Kind.Reset);
    }

    /// <summary>A non-maskable interrupt from the user.</summary>
    public sealed record NmiInput(int Processor) : MachineInput
    {
        public override void Apply(Machine machine) => machine.Board.Processors[Processor].RaiseNmi();

        public override void Write(BinaryWriter writer)
        {
            writer.Write((byte)Kind.Nmi);
            writer.Write((byte)Processor);
        }
    }
}

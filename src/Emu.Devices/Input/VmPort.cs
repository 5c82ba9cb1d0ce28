using Emu.Mmu;

namespace Emu.Devices.Input;

/// <summary>Registers of the processor that is accessing a port, as 32-bit values.</summary>
public interface IPortCaller
{
    /// <summary>A general register by its number in encoding order (0 EAX, 1 ECX, 2 EDX, 3 EBX, 6 ESI, 7 EDI); writing clears the upper half.</summary>
    uint this[int register] { get; set; }
}

/// <summary>
/// VMware's backdoor (open-vm-tools, <c>backdoor_def.h</c>): an IN from port 5658h with a magic number in EAX is a call, with the
/// command in CX and results in EAX, EBX, ECX and EDX.
/// </summary>
/// <param name="caller">Registers of the processor that reads.</param>
/// <param name="mouse">Behind the commands of the absolute pointer.</param>
/// <param name="memory">Bytes of RAM.</param>
public sealed class VmPort(IPortCaller caller, VmMouse mouse, ulong memory) : IPortDevice
{
    /// <summary>The port.</summary>
    public const ushort Port = 0x5658;

    /// <summary>Ports that a 32-bit access covers.</summary>
    public const int PortCount = 4;

    private const uint Magic = 0x564D5868, Unknown = uint.MaxValue, Version = 6, MemoryMagic = 0x1177;
    private const int Eax = 0, Ecx = 1, Edx = 2, Ebx = 3, Esi = 6, Edi = 7;

    private enum BackdoorCommand : ushort
    {
        GetVersion = 10,
        GetMemorySize = 20,
        PointerData = 39,
        PointerStatus = 40,
        PointerCommand = 41,
    }

    /// <inheritdoc/>
    public int MaxPortAccessSize => 4;

    /// <inheritdoc/>
    public uint ReadPort(ushort offset, int size)
    {
        if (offset != 0 || size != 4 || caller[Eax] != Magic)
            return Unknown;
        switch ((BackdoorCommand)(ushort)caller[Ecx])
        {
            case BackdoorCommand.GetVersion:
                caller[Ebx] = Magic;
                return Version;
            case BackdoorCommand.GetMemorySize:
                caller[Ebx] = MemoryMagic;
                return (uint)Math.Min(memory, uint.MaxValue);
            case BackdoorCommand.PointerData:
                return ReadPointer();
            case BackdoorCommand.PointerStatus:
                return mouse.Status;
            case BackdoorCommand.PointerCommand:
                mouse.Command(caller[Ebx]);
                return caller[Eax];
            default:
                return Unknown;
        }
    }

    /// <inheritdoc/>
    public void WritePort(ushort offset, int size, uint value)
    {
        // Writes are the high-bandwidth channel of other ports; here they do nothing.
    }

    private uint ReadPointer()
    {
        ReadOnlySpan<int> registers = [Eax, Ebx, Ecx, Edx, Esi, Edi];
        Span<uint> words = stackalloc uint[registers.Length];
        for (int i = 0; i < words.Length; i++)
            words[i] = caller[registers[i]];
        mouse.Read(words, words[1]);
        for (int i = 1; i < words.Length; i++)
            caller[registers[i]] = words[i];
        return words[0];
    }
}

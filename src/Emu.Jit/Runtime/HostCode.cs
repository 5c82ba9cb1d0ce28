using Iced.Intel;

namespace Emu.Jit.Runtime;

/// <summary>
/// The size of a compiled method, which the runtime does not tell: its code is walked from the entry until nothing in it leads further on. RyuJIT keeps a
/// method's code in one piece, with what leaves it last.
/// </summary>
internal static unsafe class HostCode
{
    /// <summary>No method is larger.</summary>
    private const int MaxLength = 4 << 20;

    /// <summary>Length of the code at an address, in bytes; 0 on hosts other than x86-64.</summary>
    public static int Measure(nint code)
    {
        if (System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture != System.Runtime.InteropServices.Architecture.X64) return 0;
        Decoder decoder = Decoder.Create(64, new PointerReader((byte*)code));
        decoder.IP = (ulong)code;
        ulong end = (ulong)code + MaxLength, farthest = (ulong)code;
        while (decoder.IP < end)
        {
            decoder.Decode(out Instruction instruction);
            if (instruction.IsInvalid) break;
            bool near = instruction.Op0Kind == OpKind.NearBranch64 && instruction.FlowControl is FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch;
            if (near && instruction.NearBranch64 < end) farthest = Math.Max(farthest, instruction.NearBranch64);
            bool goesOn = instruction.FlowControl is FlowControl.Next or FlowControl.ConditionalBranch or FlowControl.Call or FlowControl.IndirectCall;
            if (!goesOn && decoder.IP > farthest) break;
        }

        return (int)(decoder.IP - (ulong)code);
    }

    private sealed class PointerReader(byte* next) : CodeReader
    {
        public override int ReadByte() => *next++;
    }
}

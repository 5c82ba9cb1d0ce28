using Emu.Conformance.Cases;
using Emu.Conformance.Forms;
using Emu.Conformance.Generation;
using Iced.Intel;

namespace Emu.Conformance.Comparison;

/// <summary>The bytes of a stored processor image that are not compared.</summary>
internal readonly unsafe struct SaveAreaMask
{
    private readonly Mnemonic _mnemonic;
    private readonly int _start;
    private readonly int _size;

    /// <summary>Finds the image an instruction stores, if it stores one.</summary>
    public SaveAreaMask(in Instruction instruction, CaseInput* input)
    {
        _mnemonic = instruction.Mnemonic;
        bool any = IsXsave(_mnemonic) || _mnemonic is Mnemonic.Fxsave or Mnemonic.Fxsave64 or Mnemonic.Fnstenv or Mnemonic.Fnsave;
        if (!any || instruction.Op0Kind != OpKind.Memory) return;
        _start = (int)(EffectiveAddress.Linear(instruction, input) - input->WindowAddress);
        _size = instruction.MemorySize.GetSize();
    }

    /// <summary>
    /// Whether both addresses are in the area an instruction saves or restores: which part it touches first, and so where it faults when a
    /// page of the area is missing, is not architectural.
    /// </summary>
    public static bool Covers(CaseInput* input, ulong expected, ulong actual)
    {
        var code = new ReadOnlySpan<byte>(input->Code, (int)input->TestedLength).ToArray();
        Instruction instruction = HostFeatures.CreateDecoder((int)input->Bits, code, input->State.Rip).Decode();
        bool any = IsXsave(instruction.Mnemonic) || instruction.Mnemonic is Mnemonic.Fxsave or Mnemonic.Fxsave64 or Mnemonic.Fxrstor or Mnemonic.Fxrstor64
            or Mnemonic.Xrstor or Mnemonic.Xrstor64 or Mnemonic.Fnsave or Mnemonic.Fnstenv or Mnemonic.Frstor or Mnemonic.Fldenv;
        if (!any) return false;
        ulong start = EffectiveAddress.Linear(instruction, input), size = MachineState.XsaveBytes;
        return expected - start < size && actual - start < size;
    }

    private static bool IsXsave(Mnemonic mnemonic) => mnemonic is Mnemonic.Xsave or Mnemonic.Xsave64 or Mnemonic.Xsavec or Mnemonic.Xsavec64
        or Mnemonic.Xsaveopt or Mnemonic.Xsaveopt64;

    /// <summary>Whether the byte at an offset of the window may differ.</summary>
    public bool Ignores(int offset, byte expected, byte actual, bool completed)
    {
        int position = offset - _start;
        if (_mnemonic is Mnemonic.Fnstenv or Mnemonic.Fnsave)
        {
            // Environment: control, status, tag, then FIP, CS:FOP, FDP, DS in words or doublewords.
            bool wide = _size is 28 or 108;
            if (!completed && position >= 0 && position < _size) return true;
            return position >= (wide ? 12 : 6) && position < (wide ? 28 : 14) && _size != 0;
        }
        if (_mnemonic is Mnemonic.Fxsave or Mnemonic.Fxsave64 || IsXsave(_mnemonic))
        {
            if (!completed && position is >= 0 and < 1024) return true; // how much is stored before a fault is not architectural
            if (position is (>= 6 and < 24) or (>= 28 and < 32)) return true; // FOP, FIP, FDP; MXCSR_MASK
            // XSTATE_BV tells which components are not in their initial state, as far as the processor tracks it.
            if (IsXsave(_mnemonic) && position == 512) return true;
        }
        return false;
    }
}

using System.Runtime.CompilerServices;

namespace Emu.Cpu.FloatingPoint;

/// <summary>
/// What a floating-point operation reads besides its operands, and what it reports besides its result. The control part has the layout of
/// MXCSR (SDM Vol. 1 10.2.3), so an SSE state can keep its MXCSR here; x87 instructions build one from control and status word.
/// </summary>
/// <remarks>
/// Exceptions accumulate in the sticky flags. An exception that is unmasked is recorded in <see cref="Unmasked"/> as well: a caller that
/// finds it non-empty after an operation does not store the result (x87: stores it unless a pre-computation exception is
/// among them) and raises #XM or sets ES, then calls <see cref="ClearUnmasked"/>.
/// </remarks>
public struct FloatEnvironment
{
    /// <summary>MXCSR after reset: all exceptions masked, round to nearest.</summary>
    public const uint DefaultMxcsr = 0x1F80;

    private const int MaskShift = 7;
    private const int RoundingShift = 13;
    private const int PrecisionShift = 16;
    private const uint DenormalsAreZeroBit = 1u << 6;
    private const uint FlushToZeroBit = 1u << 15;
    private const uint RoundingBits = 3u << RoundingShift;
    private const uint InexactMaskBit = (uint)FloatExceptions.Inexact << MaskShift;

    private uint _control;
    private ushort _unmasked;
    private ushort _lastRounding;

    /// <summary>An environment with the given MXCSR; bits 31:16 are ignored.</summary>
    public static FloatEnvironment FromMxcsr(uint mxcsr) => new() { _control = (ushort)mxcsr };

    /// <summary>
    /// The environment of x87 instructions: masks, precision and rounding control from the control word (SDM Vol. 1 8.1.5), sticky flags
    /// from the status word. FTZ and DAZ do not exist here.
    /// </summary>
    public static FloatEnvironment FromX87(ushort controlWord, ushort statusWord) => new()
    {
        _control = (statusWord & (uint)FloatExceptions.All)
            | (controlWord & (uint)FloatExceptions.All) << MaskShift
            | ((uint)controlWord >> 10 & 3) << RoundingShift
            | ((uint)controlWord >> 8 & 3) << PrecisionShift,
    };

    /// <summary>The MXCSR image: flags, DAZ, masks, RC and FTZ.</summary>
    public uint Mxcsr
    {
        readonly get => (ushort)_control;
        set => _control = (ushort)value;
    }

    /// <summary>The sticky exception flags.</summary>
    public FloatExceptions Flags
    {
        readonly get => (FloatExceptions)_control & FloatExceptions.All;
        set => _control = (_control & ~(uint)FloatExceptions.All) | (uint)(value & FloatExceptions.All);
    }

    /// <summary>The exception masks: a set bit masks (mutes) the exception.</summary>
    public FloatExceptions Masks
    {
        readonly get => (FloatExceptions)(_control >> MaskShift) & FloatExceptions.All;
        set => _control = (_control & ~((uint)FloatExceptions.All << MaskShift)) | (uint)(value & FloatExceptions.All) << MaskShift;
    }

    /// <summary>Rounding control.</summary>
    public RoundingMode Rounding
    {
        readonly get => (RoundingMode)(_control >> RoundingShift & 3);
        set => _control = (_control & ~RoundingBits) | (uint)value << RoundingShift;
    }

    /// <summary>MXCSR.FTZ: a tiny result becomes a signed zero while underflow is masked.</summary>
    public bool FlushToZero
    {
        readonly get => (_control & FlushToZeroBit) != 0;
        set => _control = value ? _control | FlushToZeroBit : _control & ~FlushToZeroBit;
    }

    /// <summary>MXCSR.DAZ: a denormal operand is taken as a signed zero, without #D.</summary>
    public bool DenormalsAreZero
    {
        readonly get => (_control & DenormalsAreZeroBit) != 0;
        set => _control = value ? _control | DenormalsAreZeroBit : _control & ~DenormalsAreZeroBit;
    }

    /// <summary>The PC field of the x87 control word: 0 = 24 bits, 2 = 53 bits, 3 = 64 bits (1 is reserved).</summary>
    public uint PrecisionControl
    {
        readonly get => _control >> PrecisionShift & 3;
        set => _control = (_control & ~(3u << PrecisionShift)) | (value & 3) << PrecisionShift;
    }

    /// <summary>Significand bits that x87 add, subtract, multiply, divide and square root round to.</summary>
    public readonly int Precision => PrecisionControl switch
    {
        0 => 24,
        2 => 53,
        _ => 64,
    };

    /// <summary>Whether x87 results round to nearest at 64 bits (the reserved PC of 1 among them).</summary>
    internal readonly bool RoundsNearestExtended
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (_control & (RoundingBits | 1u << PrecisionShift)) == 1u << PrecisionShift;
    }

    /// <summary>Unmasked exceptions raised since <see cref="ClearUnmasked"/>.</summary>
    public readonly FloatExceptions Unmasked => (FloatExceptions)_unmasked;

    /// <summary>Whether the last x87 operation rounded the magnitude up: the value of C1.</summary>
    public readonly bool RoundedUp => _lastRounding != 0;

    /// <summary>
    /// Whether an inexact result needs no report and the host's arithmetic rounds like the guest's: nearest, PE masked and set already.
    /// </summary>
    internal readonly bool HostRounds
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (_control & (RoundingBits | InexactMaskBit | (uint)FloatExceptions.Inexact)) == (InexactMaskBit | (uint)FloatExceptions.Inexact);
    }

    /// <summary>Whether an inexact result changes nothing: PE is masked and set already.</summary>
    internal readonly bool InexactIsSilent =>
        (_control & (InexactMaskBit | (uint)FloatExceptions.Inexact)) == (InexactMaskBit | (uint)FloatExceptions.Inexact);

    /// <summary>Forgets <see cref="Unmasked"/>.</summary>
    public void ClearUnmasked() => _unmasked = 0;

    /// <summary>Whether the exception is unmasked.</summary>
    internal readonly bool IsUnmasked(FloatExceptions exception) => (_control & (uint)exception << MaskShift) == 0;

    /// <summary>
    /// Reports what one instruction raised. An unmasked pre-computation exception hides the post-computation ones, because nothing is
    /// computed then (SDM Vol. 1 4.9.2 and 11.5.2).
    /// </summary>
    internal void Raise(FloatExceptions raised)
    {
        FloatExceptions unmasked = raised & ~Masks & FloatExceptions.All;
        if ((unmasked & FloatExceptions.PreComputation) != 0)
        {
            raised &= FloatExceptions.PreComputation;
            unmasked &= FloatExceptions.PreComputation;
        }
        _control |= (uint)(raised & FloatExceptions.All);
        _unmasked |= (ushort)unmasked;
        _lastRounding = (ushort)(raised & FloatExceptions.RoundedUp);
    }
}

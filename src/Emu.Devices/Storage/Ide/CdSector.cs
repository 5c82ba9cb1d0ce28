using System.Buffers.Binary;

namespace Emu.Devices.Storage.Ide;

/// <summary>
/// Rebuilds the 2352 raw bytes of a data sector around its 2048 bytes of user data: sync, header, error detection and
/// correction (ECMA-130 clause 14 and annexes A, B).
/// </summary>
internal static class CdSector
{
    public const int UserSize = 2048, RawSize = 2352;
    public const int SyncSize = 12, HeaderSize = 4, UserOffset = SyncSize + HeaderSize, TailOffset = UserOffset + UserSize;

    private const int EccPOffset = 2076, EccQOffset = 2248;

    /// <summary>Frames (sectors) before LBA 0: two seconds of lead-in.</summary>
    public const int PregapFrames = 150;

    /// <summary>Minute, second, frame of a logical block address.</summary>
    public static (byte Minute, byte Second, byte Frame) ToMsf(long lba)
    {
        long frames = lba + PregapFrames;
        return ((byte)(frames / (60 * 75)), (byte)(frames / 75 % 60), (byte)(frames % 75));
    }

    /// <summary>Logical block address of minute, second, frame.</summary>
    public static long FromMsf(int minute, int second, int frame) => (minute * 60 + second) * 75L + frame - PregapFrames;

    /// <summary>Fills <paramref name="raw"/> around the user data it already holds at <see cref="UserOffset"/>.</summary>
    public static void Complete(Span<byte> raw, long lba)
    {
        raw[0] = 0;
        raw.Slice(1, 10).Fill(0xFF);
        raw[11] = 0;
        (byte minute, byte second, byte frame) = ToMsf(lba);
        raw[12] = ToBcd(minute);
        raw[13] = ToBcd(second);
        raw[14] = ToBcd(frame);
        raw[15] = 1; // mode 1
        BinaryPrimitives.WriteUInt32LittleEndian(raw[TailOffset..], DetectionCode(raw[..TailOffset]));
        raw.Slice(TailOffset + 4, 8).Clear();
        AddParity(raw, 86, 24, 2, 86, EccPOffset);
        AddParity(raw, 52, 43, 86, 88, EccQOffset);
    }

    private static byte ToBcd(int value) => (byte)(value / 10 % 10 << 4 | value % 10);

    /// <summary>CRC with polynomial (x^16+x^15+x^2+1)(x^16+x^2+x+1), bits reflected (ECMA-130 14.3).</summary>
    private static uint DetectionCode(ReadOnlySpan<byte> data)
    {
        uint code = 0;
        foreach (byte b in data)
        {
            code ^= b;
            for (int bit = 0; bit < 8; bit++) code = (code >> 1) ^ ((code & 1) != 0 ? 0xD8018001u : 0);
        }
        return code;
    }

    /// <summary>
    /// Two Reed-Solomon parity bytes over GF(2^8) for each of <paramref name="vectors"/> code words that run through the sector from byte
    /// 12 on (annex A): P words step down columns, Q words along diagonals.
    /// </summary>
    private static void AddParity(Span<byte> raw, int vectors, int length, int vectorStep, int elementStep, int target)
    {
        ReadOnlySpan<byte> data = raw[SyncSize..];
        int size = vectors * length;
        for (int vector = 0; vector < vectors; vector++)
        {
            int index = (vector >> 1) * vectorStep + (vector & 1);
            byte first = 0, second = 0;
            for (int i = 0; i < length; i++)
            {
                byte value = data[index];
                index += elementStep;
                if (index >= size) index -= size;
                first = Double((byte)(first ^ value));
                second ^= value;
            }
            first = DivideByThree((byte)(Double(first) ^ second));
            raw[target + vector] = first;
            raw[target + vectors + vector] = (byte)(first ^ second);
        }
    }

    /// <summary>Times alpha in GF(2^8) with x^8+x^4+x^3+x^2+1.</summary>
    private static byte Double(byte value) => (byte)((value << 1) ^ ((value & 0x80) != 0 ? 0x1D : 0));

    /// <summary>The y with y ^ alpha*y = value.</summary>
    private static byte DivideByThree(byte value)
    {
        // 3 = 1 + alpha; its inverse is 3^254, by squarings and multiplications.
        byte result = 1, power = 3;
        for (int exponent = 254; exponent != 0; exponent >>= 1)
        {
            if ((exponent & 1) != 0) result = Multiply(result, power);
            power = Multiply(power, power);
        }
        return Multiply(value, result);
    }

    private static byte Multiply(byte a, byte b)
    {
        byte product = 0;
        for (; b != 0; b >>= 1, a = Double(a))
            if ((b & 1) != 0) product ^= a;
        return product;
    }
}

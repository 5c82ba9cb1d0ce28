using System.Security.Cryptography;
using System.Text;

namespace Emu.Display.Vnc;

/// <summary>VNC authentication (RFC 6143 7.2.2): the client encrypts sixteen random bytes with the password as DES key.</summary>
internal static class VncChallenge
{
    /// <summary>Bytes of challenge and answer.</summary>
    public const int Length = 16;

    private const int KeyLength = 8;

    /// <summary>Whether a password can be used: not empty, and no key that DES counts as weak.</summary>
    public static bool IsUsable(string password) => password.Length > 0 && !DES.IsWeakKey(Key(password)) && !DES.IsSemiWeakKey(Key(password));

    /// <summary>The right answer to a challenge.</summary>
    public static byte[] Answer(string password, ReadOnlySpan<byte> challenge)
    {
#pragma warning disable CA5351 // The protocol prescribes DES.
        using DES des = DES.Create();
#pragma warning restore CA5351
        des.Key = Key(password);
        return des.EncryptEcb(challenge, PaddingMode.None);
    }

    /// <summary>The first eight bytes, each with its bits in reverse order.</summary>
    private static byte[] Key(string password)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(password), key = new byte[KeyLength];
        for (int i = 0; i < Math.Min(bytes.Length, KeyLength); i++)
        {
            for (int bit = 0; bit < 8; bit++) key[i] |= (byte)((bytes[i] >> bit & 1) << (7 - bit));
        }

        return key;
    }
}

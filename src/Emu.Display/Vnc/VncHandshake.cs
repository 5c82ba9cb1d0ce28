using System.Security.Cryptography;
using System.Text;

namespace Emu.Display.Vnc;

/// <summary>The beginning of a connection: version, security, and what the client and the server say first (RFC 6143 7.1 to 7.3).</summary>
internal static class VncHandshake
{
    private const byte SecurityNone = 1, SecurityPassword = 2;
    private const int VersionLength = 12;
    private const int NewSecurity = 7, SecurityReasons = 8;

    /// <summary>Agrees with a client.</summary>
    /// <param name="stream">The connection.</param>
    /// <param name="password">The password, or null.</param>
    /// <returns>Whether the client shares the screen with others; null when it is not let in.</returns>
    public static bool? Perform(VncStream stream, string? password)
    {
        stream.Send("RFB 003.008\n"u8);
        string version = Encoding.ASCII.GetString(stream.Read(VersionLength));
        if (!version.StartsWith("RFB 003.", StringComparison.Ordinal) || !int.TryParse(version.AsSpan(8, 3), out int minor)) return null;
        // Versions that were never published count as 3.3.
        minor = minor >= SecurityReasons ? SecurityReasons : minor == NewSecurity ? NewSecurity : 3;
        byte wanted = password == null ? SecurityNone : SecurityPassword;
        if (minor >= NewSecurity)
        {
            stream.Send([1, wanted]);
            if (stream.ReadByte() != wanted)
            {
                Refuse(stream, minor, "that kind of security is not offered");
                return null;
            }
        }
        else
        {
            stream.Send([0, 0, 0, wanted]);
        }

        if (password != null && !HasPassword(stream, password))
        {
            Refuse(stream, minor, "the password is wrong");
            return null;
        }

        if (password != null || minor >= SecurityReasons) stream.Send([0, 0, 0, 0]);
        return stream.ReadByte() != 0;
    }

    /// <summary>Tells the client the size of the screen, the format of pixels and a name.</summary>
    public static void SendScreen(VncStream stream, int width, int height, string name)
    {
        List<byte> message = [];
        message.AddUInt16(width);
        message.AddUInt16(height);
        Span<byte> format = stackalloc byte[VncPixelFormat.Length];
        VncPixelFormat.Native.Write(format);
        message.AddRange(format);
        AddText(message, name);
        stream.Send(message.ToArray());
    }

    private static bool HasPassword(VncStream stream, string password)
    {
        byte[] challenge = RandomNumberGenerator.GetBytes(VncChallenge.Length);
        stream.Send(challenge);
        return CryptographicOperations.FixedTimeEquals(stream.Read(VncChallenge.Length), VncChallenge.Answer(password, challenge));
    }

    private static void Refuse(VncStream stream, int minor, string reason)
    {
        List<byte> message = [0, 0, 0, 1];
        if (minor >= SecurityReasons) AddText(message, reason);
        stream.Send(message.ToArray());
    }

    private static void AddText(List<byte> message, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        message.AddUInt32((uint)bytes.Length);
        message.AddRange(bytes);
    }
}

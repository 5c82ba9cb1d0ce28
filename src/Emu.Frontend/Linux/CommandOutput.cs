using System.Globalization;
using System.Text;
using Emu.Devices.Serial;

namespace Emu.Frontend.Linux;

/// <summary>
/// The serial line on which a guest command's output arrives: passed on as it comes, except for the last record, a record separator, the exit
/// status in decimal and a newline.
/// </summary>
internal sealed class CommandOutput(Stream output) : CharacterDevice(null)
{
    private const byte RecordSeparator = 0x1E;
    private const int LongestStatus = 5;

    private readonly List<byte> held = [];

    /// <summary>The command's exit status, once it is known.</summary>
    public int? Status => held.Count > 2 && held[^1] == (byte)'\n' && int.TryParse(Encoding.ASCII.GetString([.. held[1..^1]]), NumberStyles.None, CultureInfo.InvariantCulture, out int status) ? status : null;

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> data)
    {
        foreach (byte value in data)
        {
            if (value == RecordSeparator || held.Count > LongestStatus || Status != null) Release();
            if (value == RecordSeparator || held.Count > 0) held.Add(value);
            else output.WriteByte(value);
        }

        output.Flush();
    }

    /// <summary>What looked like a status was the command's own output.</summary>
    public void Release()
    {
        output.Write([.. held]);
        held.Clear();
    }
}

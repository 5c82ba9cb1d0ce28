using System.Diagnostics;
using System.Globalization;
using System.Text;
using Emu.Display.Sdl;

namespace Emu.Display.Tests.Support;

/// <summary>A fact that opens windows on a display in memory.</summary>
public sealed class XvfbFactAttribute : FactAttribute
{
    public XvfbFactAttribute(params string[] programs)
    {
        string[] missing = [.. ((string[])["Xvfb", "xdotool", "import", .. programs]).Where(p => !XServer.IsInstalled(p))];
        if (missing.Length > 0) Skip = $"needs {string.Join(", ", missing)}: install the packages xvfb, xdotool, imagemagick and tigervnc-viewer";
        else if (!SdlLibrary.IsAvailable) Skip = $"{SdlLibrary.Hint}";
    }
}

/// <summary>An X server whose screen is memory.</summary>
public sealed class XServer : IDisposable
{
    private readonly Process process;

    public XServer()
    {
        process = Start("Xvfb", null, "-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp", "-noreset");
        // The number of the first free display, once the server is ready.
        Display = ":" + process.StandardOutput.ReadLine();
    }

    public string Display { get; }

    public static bool IsInstalled(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(d => File.Exists(Path.Combine(d, program)));

    /// <summary>Runs a program of X to its end and returns what it printed.</summary>
    public byte[] Run(string program, params string[] arguments)
    {
        using Process run = Start(program, Display, arguments);
        using MemoryStream output = new();
        run.StandardOutput.BaseStream.CopyTo(output);
        run.WaitForExit();
        return output.ToArray();
    }

    /// <summary>Runs xdotool.</summary>
    public string Do(params string[] arguments) => Encoding.UTF8.GetString(Run("xdotool", arguments)).Trim();

    /// <summary>A window, as soon as there is one with such a name.</summary>
    public string FindWindow(string name)
    {
        string found = "";
        RunningMachine.WaitFor(() => (found = Do("search", "--name", name)).Length > 0, () => $"no window '{name}' was opened");
        return found.Split('\n')[0];
    }

    /// <summary>What a window shows.</summary>
    public Screenshot Capture(string window) => Screenshot.ParsePpm(Run("import", "-silent", "-window", window, "ppm:-"));

    /// <summary>Asks a window to close, as its frame's button does.</summary>
    public void Close(string window) => XClient.SendDelete(Display, (nint)long.Parse(window, CultureInfo.InvariantCulture));

    public void Dispose()
    {
        process.Kill();
        process.WaitForExit();
        process.Dispose();
    }

    internal static Process Start(string program, string? display, params IEnumerable<string> arguments)
    {
        ProcessStartInfo info = new(program) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (string argument in arguments) info.ArgumentList.Add(argument);
        if (display != null) info.Environment["DISPLAY"] = display;
        Process process = Process.Start(info) ?? throw new InvalidOperationException($"{program} cannot be started.");
        process.BeginErrorReadLine();
        return process;
    }
}

/// <summary>Pixels of a picture file.</summary>
public sealed record Screenshot(int Width, int Height, uint[] Pixels)
{
    public uint this[int x, int y] => Pixels[(y * Width) + x];

    /// <summary>Reads a binary PPM.</summary>
    public static Screenshot ParsePpm(byte[] file)
    {
        if (file.Length == 0) return new Screenshot(0, 0, []);
        int at = 0;
        string Word()
        {
            int start = at;
            while (file[at] > ' ') at++;
            return Encoding.ASCII.GetString(file, start, at++ - start);
        }

        Assert.Equal("P6", Word());
        int width = int.Parse(Word(), CultureInfo.InvariantCulture), height = int.Parse(Word(), CultureInfo.InvariantCulture);
        // ImageMagick writes two bytes a level where it was built so; the upper one is the level of the screen.
        int bytes = Word() == "255" ? 1 : 2;
        uint[] pixels = new uint[width * height];
        for (int i = 0; i < pixels.Length; i++, at += 3 * bytes) pixels[i] = (uint)(file[at] << 16 | file[at + bytes] << 8 | file[at + (2 * bytes)]);
        return new Screenshot(width, height, pixels);
    }

    /// <summary>Whether a picture is somewhere in this one, each of its pixels a square of a size.</summary>
    public bool Contains(Screenshot other, int zoom = 1)
    {
        for (int top = 0; top + (other.Height * zoom) <= Height; top++)
        {
            for (int left = 0; left + (other.Width * zoom) <= Width; left++)
            {
                if (IsAt(other, left, top, zoom)) return true;
            }
        }

        return false;
    }

    private bool IsAt(Screenshot other, int left, int top, int zoom)
    {
        for (int y = 0; y < other.Height * zoom; y++)
        {
            for (int x = 0; x < other.Width * zoom; x++)
            {
                if (this[left + x, top + y] != other[x / zoom, y / zoom]) return false;
            }
        }

        return true;
    }
}

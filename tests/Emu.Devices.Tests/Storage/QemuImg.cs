using System.Diagnostics;
using Xunit;

namespace Emu.Devices.Tests.Storage;

/// <summary>A fact that needs the real qemu-img as an oracle; skipped with a reason where it is not installed.</summary>
public sealed class QemuImgFactAttribute : FactAttribute
{
    public QemuImgFactAttribute()
    {
        if (!QemuImg.IsInstalled) Skip = QemuImg.Reason;
    }
}

/// <summary>Likewise for a theory.</summary>
public sealed class QemuImgTheoryAttribute : TheoryAttribute
{
    public QemuImgTheoryAttribute()
    {
        if (!QemuImg.IsInstalled) Skip = QemuImg.Reason;
    }
}

/// <summary>Runs qemu-img and qemu-io.</summary>
internal static class QemuImg
{
    public const string Reason = "qemu-img is not installed (Debian package qemu-utils)";

    public static bool IsInstalled => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Combine(directory, "qemu-img")));

    /// <summary>Runs it and requires success.</summary>
    public static string Run(params string[] arguments)
    {
        (int code, string output) = Try("qemu-img", arguments);
        Assert.True(code == 0, $"qemu-img {string.Join(' ', arguments)}: exit code {code}\n{output}");
        return output;
    }

    /// <summary>Runs qemu-io commands on an image and requires success.</summary>
    public static string Io(string image, string format, params string[] commands)
    {
        string[] arguments = ["-f", format, .. commands.SelectMany(command => new[] { "-c", command }), image];
        (int code, string output) = Try("qemu-io", arguments);
        Assert.True(code == 0, $"qemu-io {string.Join(' ', arguments)}: exit code {code}\n{output}");
        return output;
    }

    public static (int ExitCode, string Output) Try(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start) ?? throw new InvalidOperationException(program);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}

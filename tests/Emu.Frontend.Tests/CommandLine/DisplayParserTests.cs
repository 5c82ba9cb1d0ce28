using System.CommandLine;
using System.Net;
using Emu.Display.Sdl;
using Emu.Display.Vnc;
using Emu.Frontend.CommandLine;
using Xunit;

namespace Emu.Frontend.Tests.CommandLine;

public sealed class DisplayParserTests
{
    [Fact]
    public void Vnc_listens_on_the_loopback_interface_unless_told_otherwise()
    {
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 5901), Parse("-vnc", ":1").Vnc?.Address);
        Assert.Equal(new IPEndPoint(IPAddress.Loopback, 5900), Parse("-display", "vnc=localhost:0").Vnc?.Address);
        Assert.Equal(new IPEndPoint(IPAddress.Any, 5902), Parse("-vnc", "0.0.0.0:2").Vnc?.Address);
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, 5900), Parse("-vnc", "[::1]:0").Vnc?.Address);
    }

    [Fact]
    public void Vnc_takes_a_socket_and_a_password()
    {
        VncOptions? vnc = Parse("-display", "vnc=unix:/tmp/a,password=secret").Vnc;
        Assert.Equal(("/tmp/a", "secret"), (vnc?.Path, vnc?.Password));
        string file = Path.GetTempFileName();
        File.WriteAllText(file, "from file\n");
        Assert.Equal("from file", Parse("-vnc", $":0,password-file={file}").Vnc?.Password);
        File.Delete(file);
    }

    [Fact]
    public void Vnc_alone_opens_no_window_and_none_opens_nothing()
    {
        Assert.Equal(DisplayKind.None, Parse("-vnc", ":0").Kind);
        Assert.False(Parse("-display", "none").HasScreens);
        Assert.False(Parse("-vnc", "none", "-display", "none").HasScreens);
        Assert.False(Parse("-nographic").HasScreens);
    }

    [Theory]
    [InlineData("'somewhere' is not an address", "-vnc", "somewhere:0")]
    [InlineData("is not HOST:N", "-vnc", "127.0.0.1")]
    [InlineData("is not HOST:N", "-vnc", "127.0.0.1:70000")]
    [InlineData("a path is missing", "-vnc", "unix:")]
    [InlineData("write the password itself", "-vnc", ":0,password=on")]
    [InlineData("there is no property 'pasword'", "-vnc", ":0,pasword=x")]
    [InlineData("through ssh", "-vnc", ":0,tls-creds=x")]
    [InlineData("there are none, sdl and vnc", "-display", "x11")]
    [InlineData("where is missing", "-display", "vnc")]
    [InlineData("exclude each other", "-display", "sdl", "-nographic")]
    [InlineData("-full-screen needs a window", "-display", "none", "-full-screen")]
    [InlineData("klingon", "-k", "klingon")]
    public void Mistakes_are_named(string message, params string[] arguments) =>
        Assert.Contains(message, Assert.Throws<UsageException>(() => Parse(arguments)).Message, StringComparison.Ordinal);

    [SdlFact]
    public void The_window_has_choices()
    {
        DisplaySpec spec = Parse("-display", "sdl,scale=smooth,zoom=3,show-cursor=on,window-close=off,gl=off", "-full-screen");
        Assert.Equal(new WindowOptions { FullScreen = true, Scaling = PictureScaling.Smooth, Zoom = 3, ShowCursor = true, CanClose = false }, spec.Window);
        Assert.Equal(DisplayKind.Window, spec.Kind);
        Assert.Throws<UsageException>(() => Parse("-display", "sdl,zoom=9"));
        Assert.Throws<UsageException>(() => Parse("-display", "sdl,gl=on"));
    }

    [Fact]
    public void A_console_needs_something_to_be_shown_on()
    {
        Assert.Contains("there is no window", Assert.Throws<UsageException>(() => Launch("-serial", "vc", "-display", "none")).Message, StringComparison.Ordinal);
        LaunchOptions options = Launch("-vnc", ":0");
        Assert.Equal(LineKind.Console, Assert.Single(options.Serial).Kind);
        Assert.Equal(LineKind.Console, Assert.Single(options.Monitors).Line.Kind);
        Assert.Equal(LineKind.Stdio, Assert.Single(Launch("-vnc", ":0", "-monitor", "stdio").Monitors).Line.Kind);
        Assert.Equal(LineKind.Null, Assert.Single(Launch("-display", "none").Serial).Kind);
    }

    private static DisplaySpec Parse(params string[] arguments) => DisplayParser.Parse(Result(arguments), windowByDefault: false);

    private static LaunchOptions Launch(params string[] arguments) => LaunchParser.Parse(Result(arguments), image: null);

    private static ParseResult Result(string[] arguments) => EmuCommand.Create(out _).Parse(arguments, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
}

/// <summary>A fact that needs SDL.</summary>
public sealed class SdlFactAttribute : FactAttribute
{
    public SdlFactAttribute()
    {
        if (!SdlLibrary.IsAvailable) Skip = SdlLibrary.Hint;
    }
}

using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Emu.Display.Consoles;
using Emu.Display.Keyboard;
using Emu.Display.Screens;
using Emu.Display.Tests.Support;
using Emu.Display.Vnc;

namespace Emu.Display.Tests.Vnc;

/// <summary>The server as a client sees it.</summary>
public sealed class VncTests : IDisposable
{
    private readonly TestKernel kernel = TestKernel.Picture();
    private readonly RunningMachine machine;
    private readonly List<IDisposable> open = [];

    public VncTests()
    {
        machine = new RunningMachine(kernel);
        machine.WaitForSerial("R\n");
    }

    public void Dispose()
    {
        for (int i = open.Count - 1; i >= 0; i--) open[i].Dispose();
        machine.Dispose();
        kernel.Dispose();
    }

    [Theory]
    [InlineData(RfbClient.Raw, 4)]
    [InlineData(RfbClient.Hextile, 4)]
    [InlineData(RfbClient.Zrle, 4)]
    [InlineData(RfbClient.Raw, 2)]
    [InlineData(RfbClient.Hextile, 2)]
    [InlineData(RfbClient.Zrle, 2)]
    [InlineData(RfbClient.Hextile, 1)]
    [InlineData(RfbClient.Zrle, 1)]
    public void Every_encoding_brings_every_pixel_in_every_format(int encoding, int bytes)
    {
        RfbClient client = Join("RFB 003.008\n");
        client.SetEncodings(encoding, RfbClient.DesktopSize);
        if (bytes != 4) client.SetFormat(bytes);
        AwaitPicture(client, bytes);
        Assert.Contains(encoding, client.Received);
        Assert.DoesNotContain(client.Received, e => e is >= 0 and <= 16 && e != encoding);
    }

    [Theory]
    [InlineData(RfbClient.Hextile)]
    [InlineData(RfbClient.Zrle)]
    public void Pictures_of_few_colours_survive_palettes_and_runs(int encoding)
    {
        RfbClient client = Join("RFB 003.008\n");
        client.SetEncodings(encoding, RfbClient.DesktopSize);
        AwaitPicture(client, 4);
        Random random = new(5);
        for (int round = 0; round < 8; round++)
        {
            // 1, 2, 3, 5, 9, 17, 33, 129 colours; runs of pixels, up to whole rows.
            int colours = round == 0 ? 1 : (1 << (round - 1)) + 1;
            uint[] picture = new uint[TestKernel.Width * TestKernel.Height];
            for (int at = 0; at < picture.Length;)
            {
                uint colour = (uint)random.Next(colours) * 0x0B1537 & 0xFFFFFF;
                for (int run = round % 2 == 0 ? random.Next(1, 400) : random.Next(1, 4); run > 0 && at < picture.Length; run--) picture[at++] = colour;
            }

            Draw(picture);
            while (!picture.AsSpan().SequenceEqual(client.Pixels))
            {
                client.Request(incremental: true);
                client.Update();
            }
        }
    }

    [Fact]
    public void An_incremental_request_is_answered_with_what_changed_alone()
    {
        RfbClient client = Join("RFB 003.008\n");
        client.SetEncodings(RfbClient.Raw, RfbClient.DesktopSize);
        AwaitPicture(client, 4);
        // Settled: from here on nothing is sent until something is drawn.
        client.Received.Clear();
        client.Pixels.AsSpan().Fill(0xABCDEF);
        client.Request(incremental: true);
        Poke(10, 20, 0x00123456);
        client.Update();
        Assert.Equal([RfbClient.Raw], client.Received);
        Assert.Equal(0x123456u, client.Pixels[(20 * TestKernel.Width) + 10]);
        Assert.Equal(1, client.Pixels.Count(p => p != 0xABCDEF));
    }

    [Theory]
    [InlineData("RFB 003.003\n")]
    [InlineData("RFB 003.007\n")]
    [InlineData("RFB 003.008\n")]
    [InlineData("RFB 003.005\n")]
    public void Every_version_of_the_protocol_lets_in_without_and_with_a_password(string version)
    {
        RfbClient free = Join(version);
        Assert.Equal("test", free.Name);
        using VncServer server = Serve(new VncOptions { Address = new IPEndPoint(IPAddress.Loopback, 0), Password = "geheim42" });
        using RfbClient client = new(EndPoint(server));
        Assert.Equal(0u, client.Connect(version, challenge => Encrypt("geheim42", challenge)));
        client.Initialize();
        client.SetEncodings(RfbClient.Raw);
        client.Request(incremental: false);
        client.Update();
        Assert.Contains(RfbClient.Raw, client.Received);
    }

    [Fact]
    public void A_wrong_password_is_refused_with_a_reason()
    {
        using VncServer server = Serve(new VncOptions { Address = new IPEndPoint(IPAddress.Loopback, 0), Password = "geheim42" });
        using RfbClient client = new(EndPoint(server));
        Assert.Equal(1u, client.Connect("RFB 003.008\n", challenge => Encrypt("geheim43", challenge)));
        Assert.Contains("password", client.ReadReason(), StringComparison.Ordinal);
        Assert.True(client.IsClosed());
        Assert.Equal(0, server.Clients);
    }

    [Fact]
    public void Passwords_that_the_protocol_cannot_use_are_refused_at_the_start()
    {
        // A key without any bits is a weak one of DES; one odd byte is enough to make it usable.
        foreach (string password in (string[])["", "\0\0", "\u007F"])
        {
            VncOptions options = new() { Address = new IPEndPoint(IPAddress.Loopback, 0), Password = password };
            if (password == "\u007F") Serve(options);
            else Assert.Throws<VncException>(() => Serve(options));
        }
    }

    [Fact]
    public void Keys_arrive_as_scan_codes_by_place_and_by_character()
    {
        RfbClient client = Join("RFB 003.008\n");
        client.SetEncodings(RfbClient.Raw, RfbClient.ExtendedKey);
        client.Request(incremental: false);
        client.Update();
        Assert.Contains(RfbClient.ExtendedKey, client.Received);
        // Place 1Eh is A whatever the client's layout makes of it; a keysym is looked up in the US layout.
        client.ExtendedKeyEvent('q', 0x1E, true);
        client.ExtendedKeyEvent('q', 0x1E, false);
        client.Key('b', true);
        client.Key('b', false);
        client.Key(0xFF51, true);
        client.Key(0xFF51, false);
        machine.WaitForSerial("1E 9E 30 B0 E0 4B E0 CB ");
        // A capital without Shift gets one around it.
        client.Key('C', true);
        client.Key('C', false);
        machine.WaitForSerial("2A 2E AA AE ");
    }

    [Fact]
    public void A_client_that_leaves_lets_its_keys_go()
    {
        RfbClient client = Join("RFB 003.008\n");
        client.Key('a', true);
        machine.WaitForSerial("1E ");
        client.Dispose();
        machine.WaitForSerial("9E ");
    }

    [Fact]
    public void Control_alt_and_a_digit_shows_another_screen()
    {
        using VirtualConsole console = new("monitor", action => action());
        console.Write("hello"u8);
        using VncServer server = new(new VncOptions { Address = new IPEndPoint(IPAddress.Loopback, 0) }, [machine.Screen, console], machine.Commands, KeyboardLayout.UsEnglish);
        using RfbClient client = new(EndPoint(server));
        client.Connect("RFB 003.008\n");
        client.Initialize();
        client.SetEncodings(RfbClient.Zrle, RfbClient.DesktopSize);
        AwaitPicture(client, 4);
        foreach (uint keysym in (uint[])[0xFFE3, 0xFFE9, '2']) client.Key(keysym, true);
        foreach (uint keysym in (uint[])['2', 0xFFE9, 0xFFE3]) client.Key(keysym, false);
        while (client.Width == TestKernel.Width)
        {
            client.Request(incremental: true);
            client.Update();
        }

        Assert.Equal((720, 480), (client.Width, client.Height));
        client.Key('x', true);
        RunningMachine.WaitFor(() => machine.Serial.Text.Contains("1D ", StringComparison.Ordinal), () => "Ctrl has not reached the guest");
        Assert.DoesNotContain("03 ", machine.Serial.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("2D ", machine.Serial.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_guest_without_an_absolute_pointer_gets_movements()
    {
        RfbClient client = Join("RFB 003.008\n");
        client.SetEncodings(RfbClient.Raw, RfbClient.PointerMotion);
        client.Request(incremental: false);
        client.Update();
        Assert.Equal(0, client.Absolute);
    }

    [Fact]
    public void Messages_that_make_no_sense_end_the_connection_and_nothing_else()
    {
        byte[][] nonsense =
        [
            [77], [0, 0, 0, 0, 31, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0], [6, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], [255, 9], [2, 0, 0xFF, 0xFF],
        ];
        foreach (byte[] message in nonsense)
        {
            RfbClient client = Join("RFB 003.008\n");
            client.Send(message);
            Assert.True(client.IsClosed(), $"a message that starts with {message[0]} was accepted");
        }

        RfbClient good = Join("RFB 003.008\n");
        good.SetEncodings(RfbClient.Zrle, RfbClient.DesktopSize);
        AwaitPicture(good, 4);
    }

    [Fact]
    public void A_client_that_does_not_share_is_alone()
    {
        VncServer server = Serve(new VncOptions { Address = new IPEndPoint(IPAddress.Loopback, 0) });
        using RfbClient first = new(EndPoint(server)), second = new(EndPoint(server));
        first.Connect("RFB 003.008\n");
        first.Initialize();
        second.Connect("RFB 003.008\n");
        second.Initialize(shared: false);
        Assert.True(first.IsClosed());
        RunningMachine.WaitFor(() => server.Clients == 1, () => $"there are {server.Clients} clients");
    }

    [Fact]
    public void A_unix_socket_serves_and_disappears_afterwards()
    {
        string path = Path.Combine(Path.GetTempPath(), $"emu-vnc-{Guid.NewGuid():n}");
        using (VncServer server = Serve(new VncOptions { Path = path }))
        {
            using RfbClient client = new(new UnixDomainSocketEndPoint(path));
            Assert.Equal(0u, client.Connect("RFB 003.008\n"));
            Assert.Throws<VncException>(() => Serve(new VncOptions { Path = path }));
        }

        Assert.False(File.Exists(path));
    }

    private static byte[] Encrypt(string password, byte[] challenge)
    {
        using DES des = DES.Create();
        des.Key = [.. Encoding.ASCII.GetBytes(password.PadRight(8, '\0')).Take(8).Select(b => (byte)Enumerable.Range(0, 8).Sum(i => (b >> i & 1) << (7 - i)))];
        return des.EncryptEcb(challenge, PaddingMode.None);
    }

    private static uint Expected(uint colour, int bytes) => bytes switch
    {
        4 => colour,
        2 => Part(colour >> 16, 31) << 11 | Part(colour >> 8, 63) << 5 | Part(colour, 31),
        _ => Part(colour >> 16, 7) | Part(colour >> 8, 7) << 3 | Part(colour, 3) << 6,
    };

    private static uint Part(uint level, uint max) => (uint)Math.Round((level & 0xFF) * max / 255.0, MidpointRounding.AwayFromZero);

    private static void AwaitPicture(RfbClient client, int bytes)
    {
        bool incremental = false;
        while (true)
        {
            client.Request(incremental);
            client.Update();
            incremental = true;
            if (client.Width != TestKernel.Width) continue;
            int wrong = Enumerable.Range(0, client.Pixels.Length).Count(i => client.Pixels[i] != Expected(TestKernel.Pixel(i % TestKernel.Width, i / TestKernel.Width), bytes));
            if (wrong == 0) return;
        }
    }

    private static EndPoint EndPoint(VncServer server) => server.EndPoint ?? throw new InvalidOperationException("The server does not listen.");

    private VncServer Serve(VncOptions options)
    {
        VncServer server = new(options, [machine.Screen], machine.Commands, KeyboardLayout.UsEnglish);
        open.Add(server);
        return server;
    }

    private RfbClient Join(string version)
    {
        RfbClient client = new(EndPoint(Serve(new VncOptions { Address = new IPEndPoint(IPAddress.Loopback, 0) })));
        open.Add(client);
        Assert.Equal(0u, client.Connect(version));
        client.Initialize();
        return client;
    }

    private void Draw(uint[] picture) => machine.Machine.Invoke(() =>
    {
        ulong start = machine.Machine.Board.Chipset.Pci.ReadConfiguration(0, 2 << 3, 0x10, 4) & ~0xFu;
        for (int i = 0; i < picture.Length; i++) machine.Machine.Board.Memory.Space.Write(start + (ulong)(4 * i), 4, picture[i]);
        return true;
    });

    private void Poke(int x, int y, uint colour) => machine.Machine.Invoke(() =>
    {
        ulong start = machine.Machine.Board.Chipset.Pci.ReadConfiguration(0, 2 << 3, 0x10, 4) & ~0xFu;
        machine.Machine.Board.Memory.Space.Write(start + (ulong)(4 * ((y * TestKernel.Width) + x)), 4, colour);
        return true;
    });
}

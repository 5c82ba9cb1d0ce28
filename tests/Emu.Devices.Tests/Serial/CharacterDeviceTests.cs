using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

using Emu.Devices.Serial;
using Xunit;

namespace Emu.Devices.Tests.Serial;

public class CharacterDeviceTests
{
    private readonly BlockingCollection<Action> _posted = [];

    private sealed class Sink(int capacity) : ICharacterReceiver
    {
        public StringBuilder Text { get; } = new();

        public List<CharacterEvent> Events { get; } = [];

        public int ReceiveCapacity { get; set; } = capacity;

        public void Receive(ReadOnlySpan<byte> data)
        {
            ReceiveCapacity -= data.Length;
            Text.Append(Encoding.Latin1.GetString(data));
        }

        public void Signal(CharacterEvent signal) => Events.Add(signal);
    }

    [Fact]
    public void Input_waits_for_room_and_keeps_its_order()
    {
        using MemoryCharacterDevice device = new();
        Sink sink = new(2);
        device.Receiver = sink;
        device.Inject("abc");
        device.Inject(CharacterEvent.Break);
        Assert.Equal("ab", sink.Text.ToString());
        Assert.Empty(sink.Events);
        sink.ReceiveCapacity = 5;
        device.AcceptInput();
        Assert.Equal("abc", sink.Text.ToString());
        Assert.Equal([CharacterEvent.Break], sink.Events);
    }

    [Fact]
    public void Tcp_server_carries_both_directions_and_takes_the_next_client()
    {
        using TcpCharacterDevice server = TcpCharacterDevice.Listen(new IPEndPoint(IPAddress.Loopback, 0), _posted.Add);
        Sink sink = new(100);
        server.Receiver = sink;
        for (int round = 0; round < 2; round++)
        {
            using TcpClient client = new();
            client.Connect(server.LocalEndPoint);
            client.GetStream().Write("in"u8);
            RunUntil(() => sink.Text.Length == 2 * (round + 1));
            server.Write("out"u8);
            byte[] answer = new byte[3];
            client.GetStream().ReadExactly(answer);
            Assert.Equal("out"u8.ToArray(), answer);
            client.Close();
            RunUntil(() => sink.Events.Count(e => e == CharacterEvent.Closed) == round + 1);
        }
        Assert.Equal("inin", sink.Text.ToString());
    }

    [Fact]
    public async Task Tcp_output_faster_than_its_reader_arrives_whole_even_when_the_line_closes_at_once()
    {
        const int count = 1 << 20;
        using TcpClient client = new();
        using (TcpCharacterDevice server = TcpCharacterDevice.Listen(new IPEndPoint(IPAddress.Loopback, 0), _posted.Add))
        {
            await client.ConnectAsync(server.LocalEndPoint);
            Assert.True(server.WaitForConnection(TimeSpan.FromSeconds(10)));
            // The guest's processor writes byte by byte.
            for (int i = 0; i < count; i++)
                server.Write([(byte)(i * 7 ^ i >> 8)]);
            Task<byte[]> reader = Task.Run(() =>
            {
                byte[] all = new byte[count];
                client.GetStream().ReadExactly(all);
                return all;
            });
            server.Dispose();
            Assert.Equal(Enumerable.Range(0, count).Select(i => (byte)(i * 7 ^ i >> 8)), await reader);
        }
    }

    [Fact]
    public void Output_for_a_client_that_has_left_does_not_reach_the_next_one()
    {
        using TcpCharacterDevice server = TcpCharacterDevice.Listen(new IPEndPoint(IPAddress.Loopback, 0), _posted.Add);
        Sink sink = new(100);
        server.Receiver = sink;
        using (TcpClient silent = new())
        {
            silent.Connect(server.LocalEndPoint);
            Assert.True(server.WaitForConnection(TimeSpan.FromSeconds(10)));
            // More than the sockets hold.
            byte[] old = new byte[1 << 20];
            for (int i = 0; i < 8; i++)
                server.Write(old);
        }
        RunUntil(() => sink.Events.Contains(CharacterEvent.Closed));
        using TcpClient next = new();
        next.Connect(server.LocalEndPoint);
        Assert.True(server.WaitForConnection(TimeSpan.FromSeconds(10)));
        server.Write("new"u8);
        byte[] answer = new byte[3];
        next.GetStream().ReadExactly(answer);
        Assert.Equal("new"u8.ToArray(), answer);
    }

    [Fact]
    public void Tcp_client_reaches_a_server_of_ours()
    {
        using TcpCharacterDevice server = TcpCharacterDevice.Listen(new IPEndPoint(IPAddress.Loopback, 0), _posted.Add);
        Sink sink = new(100);
        server.Receiver = sink;
        using TcpCharacterDevice client = TcpCharacterDevice.Connect(server.LocalEndPoint, _posted.Add);
        client.Write("hello"u8);
        RunUntil(() => sink.Text.ToString() == "hello");
    }

    [Fact]
    public void A_taken_port_and_a_foreign_address_are_refused_with_a_clear_message()
    {
        using TcpCharacterDevice server = TcpCharacterDevice.Listen(new IPEndPoint(IPAddress.Loopback, 0), _posted.Add);
        CharacterDeviceException taken = Assert.Throws<CharacterDeviceException>(() => TcpCharacterDevice.Listen(server.LocalEndPoint, _posted.Add));
        Assert.Contains(server.LocalEndPoint.ToString(), taken.Message);
        Assert.Throws<CharacterDeviceException>(() => TcpCharacterDevice.Listen(new IPEndPoint(IPAddress.Any, 0), _posted.Add));
    }

    [Fact]
    public void A_unix_socket_replaces_none_but_an_abandoned_socket()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string path = Path.Combine(folder, "line");
            using (UnixCharacterDevice server = UnixCharacterDevice.Listen(path, _posted.Add))
                Assert.Throws<CharacterDeviceException>(() => UnixCharacterDevice.Listen(path, _posted.Add));
            File.WriteAllText(path, "precious");
            Assert.EndsWith("something else has that name", Refused(path), StringComparison.Ordinal);
            Assert.Equal("precious", File.ReadAllText(path));
            Assert.EndsWith("something else has that name", Refused(folder), StringComparison.Ordinal);
            Assert.EndsWith($"there is no folder {Path.Combine(folder, "none")}", Refused(Path.Combine(folder, "none", "line")), StringComparison.Ordinal);
            Assert.EndsWith("there is no such socket", Assert.Throws<CharacterDeviceException>(
                () => UnixCharacterDevice.Connect(Path.Combine(folder, "none"), _posted.Add)).Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        string Refused(string path) => Assert.Throws<CharacterDeviceException>(() => UnixCharacterDevice.Listen(path, _posted.Add)).Message;
    }

    [Fact]
    public void Pseudo_terminal_carries_bytes_unchanged_both_ways()
    {
        if (!OperatingSystem.IsLinux())
            return;
        using PtyCharacterDevice pty = new(_posted.Add);
        Sink sink = new(100);
        pty.Receiver = sink;
        using FileStream slave = new(pty.Name, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 0);
        slave.Write("\u0003in\r"u8);
        RunUntil(() => sink.Text.ToString() == "\u0003in\r");
        pty.Write("out\n"u8);
        byte[] answer = new byte[4];
        slave.ReadExactly(answer);
        Assert.Equal("out\n"u8.ToArray(), answer);
    }

    [Fact]
    public void File_receives_output_and_a_bad_path_is_refused()
    {
        string path = Path.GetTempFileName();
        try
        {
            using (FileCharacterDevice file = new(path))
                file.Write("abc"u8);
            Assert.Equal("abc", File.ReadAllText(path));
        }
        finally
        {
            File.Delete(path);
        }
        CharacterDeviceException error = Assert.Throws<CharacterDeviceException>(() => new FileCharacterDevice("/nonexistent/serial.log"));
        Assert.Contains("/nonexistent/serial.log", error.Message);
    }

    [Fact]
    public void File_on_a_full_disk_tells_so_once_and_loses_the_rest()
    {
        const string alwaysFull = "/dev/full";
        if (!File.Exists(alwaysFull))
            return;
        using FileCharacterDevice device = new(alwaysFull);
        List<string> messages = [];
        device.Failed += messages.Add;
        device.Write("a"u8);
        device.Write("b"u8);
        string message = Assert.Single(messages);
        Assert.StartsWith("Cannot write to '/dev/full' any more: ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stream_end_is_reported_and_output_goes_on()
    {
        using MemoryStream output = new();
        using StreamCharacterDevice device = new(new MemoryStream("xyz"u8.ToArray()), output, _posted.Add);
        Sink sink = new(100);
        device.Receiver = sink;
        RunUntil(() => sink.Events.Contains(CharacterEvent.Closed));
        Assert.Equal("xyz", sink.Text.ToString());
        device.Write("out"u8);
        Assert.Equal("out"u8.ToArray(), output.ToArray());
    }

    [Fact]
    public void Parallel_port_prints_a_byte_a_strobe_and_acknowledges_it()
    {
        MemoryCharacterDevice printer = new();
        RecordingLine irq = new();
        ParallelPort port = new(irq, printer);
        foreach (char c in "LPT")
        {
            Assert.Equal(0xD8u, port.ReadPort(1, 1));
            port.WritePort(0, 1, c);
            port.WritePort(2, 1, 0x1D);
            port.WritePort(2, 1, 0x1C);
            Assert.True(irq.Level);
            Assert.Equal(0x58u, port.ReadPort(1, 1));
            Assert.False(irq.Level);
            Assert.Equal(0x18u, port.ReadPort(1, 1));
        }
        Assert.Equal("LPT", printer.Text);
        PortFuzz.Run(port, ParallelPort.PortCount, 20_000);
    }

    private void RunUntil(Func<bool> condition)
    {
        long end = Environment.TickCount64 + 10_000;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < end, "timed out");
            if (_posted.TryTake(out Action? action, 50))
                action();
        }
    }
}

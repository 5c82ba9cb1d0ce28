using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Emu.Frontend.CommandLine;
using Emu.Frontend.Run;
using Emu.Stepper.Dap;

namespace Emu.Frontend.Step;

/// <summary><c>emu dap</c>: the stepper's engine for editors, by the Debug Adapter Protocol.</summary>
internal static class DapCommand
{
    /// <summary>The command.</summary>
    public static Command Create()
    {
        Option<string?> port = new("--port") { Description = "Listen on this TCP port of the loopback address, one client after the other, instead of standard input and output" };
        Command command = new("dap", "Debug Adapter Protocol server: step through assembly programs and machines in VS Code and other editors") { port };
        command.SetAction(result =>
        {
            if (result.GetValue(port) is not { } text)
            {
                using Stream input = Console.OpenStandardInput(), output = Console.OpenStandardOutput();
                return Serve(input, output) is { } failure ? throw new UsageException($"dap: {failure}") : ExitStatus.Success;
            }

            if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number is < 1 or > 65535) throw new UsageException($"--port {text}: a port is a number from 1 to 65535");
            return Listen(number);
        });
        return command;
    }

    /// <summary>Serves one client; returns why the session failed, if it did.</summary>
    private static string? Serve(Stream input, Stream output)
    {
        DapServer server = new(new DapConnection(input, output), StepCommand.ParseMachine);
        server.Run();
        return server.Failure;
    }

    private static int Listen(int port)
    {
        using TcpListener listener = new(IPAddress.Loopback, port);
        try
        {
            listener.Start();
        }
        catch (SocketException e)
        {
            throw new UsageException($"--port {port}: {e.Message}");
        }

        Console.Error.WriteLine($"emu dap: listening on 127.0.0.1:{port}");
        while (true)
        {
            using TcpClient client = listener.AcceptTcpClient();
            using NetworkStream stream = client.GetStream();
            try
            {
                if (Serve(stream, stream) is { } failure) Console.Error.WriteLine($"emu dap: {failure}");
            }
            catch (IOException)
            {
                // The client has gone without saying so; the next one is welcome.
            }
        }
    }
}

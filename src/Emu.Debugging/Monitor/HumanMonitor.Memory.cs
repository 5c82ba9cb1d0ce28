using Emu.Cpu;

namespace Emu.Debugging.Monitor;

// Commands that look at memory, ports and expressions.
public sealed partial class HumanMonitor
{
    private const int SaveChunk = 64 * 1024;

    private MemoryFormat lastFormat = new(1, 'x', 4);

    private void AddMemoryCommands()
    {
        Add(["x"], "/FMT ADDRESS", "Show memory at a linear address: FMT is a count, a format (x d u o c i) and a size (b h w g), as in x/10i $pc", (arguments, output) =>
            Show(arguments, output, (at, buffer) => GuestView.ReadLinear(CurrentCpu, at, buffer.Span)));
        Add(["xp"], "/FMT ADDRESS", "Show memory at a physical address; FMT as for x", (arguments, output) => Show(arguments, output, ReadPhysical));
        Add(["print", "p"], "/FMT EXPRESSION", "Evaluate an expression; $name is a register", (arguments, output) =>
            output.WriteLine(MemoryFormat.Parse(arguments.Format, new MemoryFormat(1, 'x', 8)) is { Format: 'x' } hexadecimal
                ? $"0x{Expression.Evaluate(Expect(arguments, "an expression"), CurrentCpu) & (ulong.MaxValue >> (64 - (8 * hexadecimal.Size))):x}"
                : MemoryFormat.Parse(arguments.Format, new MemoryFormat(1, 'x', 8)).FormatValue(Expression.Evaluate(Expect(arguments, "an expression"), CurrentCpu))));
        Add(["gva2gpa"], "ADDRESS", "Translate a linear address", (arguments, output) =>
            output.WriteLine(GuestView.TryTranslate(CurrentCpu, Expression.Evaluate(Expect(arguments, "an address"), CurrentCpu), out ulong physical) ? $"gpa: 0x{physical:x}" : "Unmapped"));
        Add(["i"], "/FMT PORT", "Read an I/O port; FMT gives the size (b h w)", (arguments, output) =>
        {
            int size = PortSize(arguments.Format);
            ushort port = (ushort)Expression.Evaluate(Expect(arguments, "a port"), CurrentCpu);
            output.WriteLine($"port{"bw.l"[size - 1]}[0x{port:x4}] = 0x{machine.Board.Ports.Read(port, size).ToString("x" + (2 * size))}");
        });
        Add(["o"], "/FMT PORT VALUE", "Write an I/O port; FMT gives the size (b h w)", (arguments, _) =>
        {
            int size = PortSize(arguments.Format);
            ushort port = (ushort)Expression.Evaluate(arguments.Require("a port"), CurrentCpu);
            machine.Board.Ports.Write(port, size, (uint)Expression.Evaluate(arguments.Require("a value"), CurrentCpu));
        });
        Add(["memsave"], "ADDRESS SIZE FILE", "Save linear memory to a file", (arguments, _) => Save(arguments, (at, buffer) => GuestView.ReadLinear(CurrentCpu, at, buffer.Span)));
        Add(["pmemsave"], "ADDRESS SIZE FILE", "Save physical memory to a file", (arguments, _) => Save(arguments, ReadPhysical));
    }

    private static string Expect(MonitorArguments arguments, string what) =>
        arguments.Rest.Length > 0 ? arguments.Rest : throw new MonitorException($"{what} is missing");

    private static int PortSize(string format) => MemoryFormat.Parse(format, new MemoryFormat(1, 'x', 1)).Size is var size and <= 4 ? size : throw new MonitorException("a port access is b, h or w");

    private int ReadPhysical(ulong address, Memory<byte> buffer)
    {
        if (machine.Board.Memory.Space.TryPeek(address, buffer.Span)) return buffer.Length;
        int count = 0;
        while (count < buffer.Length && machine.Board.Memory.Space.TryPeek(address + (uint)count, buffer.Span.Slice(count, 1))) count++;
        return count;
    }

    private void Show(MonitorArguments arguments, TextWriter output, Func<ulong, Memory<byte>, int> read)
    {
        MemoryFormat format = MemoryFormat.Parse(arguments.Format, lastFormat with { Count = 1 });
        string text = Expect(arguments, "an address");
        Vcpu cpu = CurrentCpu;
        // $pc is an offset in CS; what it points at is meant.
        ulong address = text is "$pc" or "$rip" or "$eip" ? GuestView.LinearInstructionPointer(cpu) : Expression.Evaluate(text, cpu);
        lastFormat = format;
        output.Write(format.Dump(read, address, GuestView.CodeBits(cpu)));
    }

    private void Save(MonitorArguments arguments, Func<ulong, Memory<byte>, int> read)
    {
        ulong address = Expression.Evaluate(arguments.Require("an address"), CurrentCpu);
        ulong left = Expression.Evaluate(arguments.Require("a size"), CurrentCpu);
        string path = arguments.Require("a file");
        HostFiles.Guard(path, () =>
        {
            using FileStream file = File.Create(path);
            byte[] buffer = new byte[SaveChunk];
            while (left > 0)
            {
                int chunk = (int)Math.Min(left, SaveChunk);
                if (read(address, buffer.AsMemory(0, chunk)) < chunk) throw new MonitorException($"there is no memory at 0x{address:x}");
                file.Write(buffer, 0, chunk);
                address += (uint)chunk;
                left -= (uint)chunk;
            }
        });
    }
}

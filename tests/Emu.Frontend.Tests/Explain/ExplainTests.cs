using System.Diagnostics;
using System.IO.Pipes;
using Emu.Frontend.Explain;
using Emu.Jit;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Frontend.Tests.Explain;

/// <summary><c>emu jit explain</c>, in a process of its own as a user has it.</summary>
public sealed class ExplainTests : IDisposable
{
    private const ulong Origin = 0x10_0000;

    private readonly string directory = Directory.CreateTempSubdirectory("emu-explain").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private string Program(Action<Assembler> code)
    {
        Assembler assembler = new(32);
        code(assembler);
        string path = Path.Combine(directory, "program.bin");
        using FileStream file = File.Create(path);
        assembler.Assemble(new StreamCodeWriter(file), Origin);
        return path;
    }

    /// <summary>Adds up memory, for ever.</summary>
    private string Loop() => Program(a =>
    {
        Label outer = a.CreateLabel(), inner = a.CreateLabel();
        a.Label(ref outer);
        a.mov(ecx, 64);
        a.Label(ref inner);                                 // 100005
        a.add(eax, __dword_ptr[(ecx * 4) + 0x20_0000]);
        a.cpuid();
        a.mov(ecx, __dword_ptr[0x20_0000]);
        a.dec(ecx);
        a.jns(inner);
        a.jmp(outer);
    });

    private static (int Status, string Output, string Errors) Emu(params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(typeof(JitCommand).Assembly.Location);
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        using Process process = Process.Start(start) ?? throw new InvalidOperationException();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }

    [Fact]
    public void A_region_is_shown_with_its_guest_code_il_and_host_code_in_columns_and_below_each_other()
    {
        string program = Loop();
        (int status, string narrow, string errors) = Emu("jit", "explain", "--bits", "32", "--org", "100000", "--at", "100005", program);
        Assert.Equal("", errors);
        Assert.Equal(0, status);
        string[] lines = narrow.Split('\n');
        Assert.Matches(@"^region 1000[0-9a-f]{2}: \d+ blocks, \d+ instructions, 1 of them left to the interpreter \(\*\), \d+ bytes of IL, \d+ bytes of host code", lines[0]);
        Assert.Contains(" 100005 add eax,[ecx*4+200000h]", lines);
        Assert.Contains("*10000c cpuid", lines);
        Assert.Contains(lines, l => l.StartsWith("    il      ldloc ", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.StartsWith("    host    mov ", StringComparison.Ordinal));

        (_, string wide, _) = Emu("jit", "explain", "--width", "150", "--bits", "32", "--org", "100000", program);
        Assert.Contains(wide.Split('\n'), l => l.Length <= 150 && l.Split(" | ") is [var guest, var il, var host]
            && guest.TrimEnd() == " 100000 mov ecx,40h" && il.TrimEnd().EndsWith(':') && host.Length > 0);
    }

    [Fact]
    public void The_process_that_records_ends_with_the_one_that_shows_and_leaves_nothing()
    {
        string scratch = Path.Combine(directory, "scratch");
        Directory.CreateDirectory(scratch);
        using AnonymousPipeServerStream parent = new(PipeDirection.Out, HandleInheritability.Inheritable);
        ProcessStartInfo start = new("dotnet");
        string[] arguments = ["jit", "explain", "--record", Path.Combine(scratch, "region.json"), "--parent", parent.GetClientHandleAsString(), "--after", "1000", "--timeout", "3600", "--bits", "32", "--org", "100000", Loop()];
        foreach (string argument in (string[])[typeof(JitCommand).Assembly.Location, .. arguments]) start.ArgumentList.Add(argument);
        using Process child = Process.Start(start) ?? throw new InvalidOperationException();
        parent.DisposeLocalCopyOfClientHandle();
        Assert.False(child.WaitForExit(TimeSpan.FromSeconds(2)));
        parent.Dispose();
        Assert.True(child.WaitForExit(TimeSpan.FromMinutes(1)));
        Assert.False(Directory.Exists(scratch));
    }

    [Fact]
    public void What_was_never_translated_is_said_in_one_line()
    {
        (int status, string output, string errors) = Emu("jit", "explain", "--bits", "32", "--org", "100000", "--at", "0x500000", "--timeout", "2", Loop());
        Assert.Equal(2, status);
        Assert.Equal("", output);
        Assert.Matches(@"^emu: no region with code at 500000 came up within 2 s \([\d,]+ instructions\); \d+ others did, the nearest one at 1000[0-9a-f]{2}; .*\n$", errors);
        string idle = Program(a => a.hlt());
        Assert.StartsWith("emu: nothing was translated within 1 s ", Emu("jit", "explain", "--bits", "32", "--org", "100000", "--timeout", "1", idle).Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("emu jit explain needs a guest: a file, or -- and a machine's options (emu jit explain --help)")]
    [InlineData("--at xyz: not a hexadecimal address", "--at", "xyz", "file")]
    [InlineData("--after 0: at least 1 region", "--after", "0", "file")]
    [InlineData("--timeout 0: seconds above 0, up to 86400", "--timeout", "0", "file")]
    [InlineData("-accel interp translates nothing that could be explained; leave it out", "--", "-accel", "interp", "-bios", "none")]
    public void Bad_input_is_refused_in_one_line(string message, params string[] arguments)
    {
        if (arguments.Contains("none")) arguments = [.. arguments[..^1], Path.Combine(directory, "bios")];
        File.WriteAllBytes(Path.Combine(directory, "bios"), new byte[0x1_0000]);
        (int status, _, string errors) = Emu(["jit", "explain", .. arguments]);
        Assert.Equal($"emu: {message}\n", errors);
        Assert.Equal(2, status);
    }

    [Fact]
    public void Host_code_is_found_by_name_and_ordinal_and_stands_beside_the_instruction_whose_way_out_it_branches_to()
    {
        const string text = """
            ; Assembly listing for method (dynamicClass):Region_10(long) (FullOpts)
            G_M000_IG01:                ;; offset=0x0000
                   nop
            ; Total bytes of code 1
            ; Assembly listing for method (dynamicClass):Region_10(long) (FullOpts)
            ; optimized code
            G_M000_IG01:                ;; offset=0x0000
                   push     rbp
            G_M000_IG02:                ;; offset=0x0001
                   add      eax, 1
                   js       SHORT G_M000_IG04
                   mov      ecx, eax
                   jns      SHORT G_M000_IG05
            G_M000_IG03:                ;; offset=0x0010
                   ret
            G_M000_IG04:                ;; offset=0x0020
                   mov      rdi, 0x7F0000000010
                   jmp      G_M000_IG03
            G_M000_IG05:                ;; offset=0x0030
                   mov      rdi, 0x7F0000000020
                   jmp      G_M000_IG03
            ; Total bytes of code 64
            """;
        HostListing listing = HostListing.Find(text.Split('\n'), "Region_10", 2) ?? throw new InvalidOperationException();
        Assert.Equal(64, listing.Bytes);
        Assert.Null(HostListing.Find(text.Split('\n'), "Region_1", 1));
        RegionDocument region = new()
        {
            Summary = default,
            Method = "Region_10",
            Ordinal = 2,
            Guest = [new(0x10, "", "first", false, true), new(0x11, "", "second", false, false), new(0x12, "", "third", false, false)],
            Intermediate =
            [
                new(0, "ldc.i8", 0, RegionPart.WayOut, 0x7F00_0000_0010), new(9, "ldc.i8", 2, RegionPart.WayOut, 0x7F00_0000_0020),
                new(18, "ldc.i8", 1, RegionPart.Body, 0x7F00_0000_0020 + 1),
            ],
        };
        RegionAlignment alignment = new(region, listing.Lines);
        Assert.Equal(["IG01:", "push rbp"], alignment.Entry.Select(l => l.Text));
        Assert.Equal([[0], [1, 2]], alignment.Groups.Select(g => g.Guest));
        Assert.Equal(["IG02:", "add eax, 1", "js IG04"], alignment.Groups[0].Host.Select(l => l.Text));
        Assert.Equal(["mov ecx, eax", "jns IG05"], alignment.Groups[1].Host.Select(l => l.Text));
        Assert.Equal("IG03:", alignment.Exits[0].Text);
    }
}

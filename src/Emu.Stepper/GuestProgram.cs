using Emu.Devices.Serial;
using Emu.Machine;
using Emu.Machine.Loaders;
using Emu.Stepper.Linux;
using Emu.Stepper.Loading;

namespace Emu.Stepper;

/// <summary>What is stepped through: a machine with a program in it, and what is known about the program.</summary>
public sealed class GuestProgram : IDisposable
{
    private GuestProgram(string name, Machine.Machine machine)
    {
        Name = name;
        Machine = machine;
        if (!machine.IsPaused) machine.Pause();
    }

    /// <summary>Its name for titles.</summary>
    public string Name { get; }

    /// <summary>The machine, paused before the program's first instruction.</summary>
    public Machine.Machine Machine { get; }

    /// <summary>Names of addresses.</summary>
    public SymbolTable Symbols { get; private init; } = SymbolTable.Empty;

    /// <summary>The source, if it was assembled from one.</summary>
    public SourceListing? Source { get; private init; }

    /// <summary>The Linux program; null for a machine that runs code of its own.</summary>
    public LinuxProcess? Process { get; private init; }

    /// <summary>What a whole PC has sent on its first serial port.</summary>
    internal MemoryCharacterDevice? Serial { get; private init; }

    /// <summary>The machine is somebody else's, who goes on with it afterwards.</summary>
    public bool IsBorrowed { get; private init; }

    /// <summary>Linear addresses the program was loaded to; null when that is not known.</summary>
    public (ulong First, ulong Last)? Extent { get; private init; }

    /// <summary>Prepares a file: an assembly source, an ELF program, or a flat binary.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How to read it.</param>
    /// <exception cref="StepperException">It cannot be used; the message says why.</exception>
    public static GuestProgram FromFile(string path, ProgramOptions options)
    {
        if (Directory.Exists(path)) throw new StepperException($"{path} is a directory; give an assembly source (.asm, .s), a program or a flat binary");
        if (!File.Exists(path)) throw new StepperException($"{path}: no such file");
        string name = Path.GetFileName(path);
        try
        {
            if (Assembling.IsSource(path))
            {
                AssembledProgram program = Assembling.Assemble(path);
                if (program.Flat is { } flat) return FromFlat(name, program.Image, Override(flat, options), program.Symbols, program.Source);
                (Machine.Machine linux, LinuxProcess process) = LinuxProcess.Load(program.Image, name, options.Arguments, options.Input);
                return new GuestProgram(name, linux) { Symbols = program.Symbols, Source = program.Source, Process = process };
            }

            byte[] file = File.ReadAllBytes(path);
            if (file.Length == 0) throw new StepperException($"{path} is empty");
            if (!ElfImage.Is(file)) return FromFlat(name, file, Override(new FlatPlacement(16, options.Bits is null or 16 ? 0x7C00u : 0x10_0000u), options), SymbolTable.Empty, null);
            (Machine.Machine machine, LinuxProcess loaded) = LinuxProcess.Load(file, name, options.Arguments, options.Input);
            return new GuestProgram(name, machine) { Symbols = ElfSections.Parse(file).Symbols, Process = loaded };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StepperException($"{path}: {e.Message}");
        }
    }

    /// <summary>A whole PC. Time is counted in instructions unless the configuration says otherwise, and a triple fault stops it where it happens.</summary>
    /// <exception cref="LoaderException">A firmware or kernel file is missing or unusable.</exception>
    public static GuestProgram FromMachine(MachineConfiguration configuration, string name)
    {
        MemoryCharacterDevice serial = new();
        return new GuestProgram(name, new Machine.Machine(Prepared(configuration, serial))) { Serial = serial };
    }

    /// <summary>A machine that somebody else runs and disposes of: it is paused, to be stepped through where it is.</summary>
    public static GuestProgram Attach(Machine.Machine machine, string name) => new(name, machine) { IsBorrowed = true };

    private static MachineConfiguration Prepared(MachineConfiguration configuration, MemoryCharacterDevice serial) => configuration with
    {
        StartPaused = true,
        Serial = [_ => serial],
        NoReboot = true,
        History = configuration.History ?? new HistoryConfiguration(),
        Clock = configuration.Clock.InstructionShift != null ? configuration.Clock : configuration.Clock with { InstructionShift = 2, SleepWhenIdle = false },
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!IsBorrowed) Machine.Dispose();
    }

    private static FlatPlacement Override(FlatPlacement flat, ProgramOptions options) => new(options.Bits ?? flat.Bits, options.Origin ?? flat.Origin);

    private static GuestProgram FromFlat(string name, byte[] image, FlatPlacement placement, SymbolTable symbols, SourceListing? source)
    {
        Machine.Machine machine = BareMachine.Load(image, placement, name);
        ulong first = Debugging.GuestView.LinearInstructionPointer(machine.Board.Processors[0]);
        return new GuestProgram(name, machine) { Symbols = symbols, Source = source, Extent = (first, first + (ulong)image.Length - 1) };
    }
}

/// <summary>How a file is to be read and run.</summary>
public sealed record ProgramOptions
{
    /// <summary>Bits of a flat binary: 16, 32 or 64; null for what the source says, else 16.</summary>
    public int? Bits { get; init; }

    /// <summary>Address of a flat binary's first byte; null for what the source says.</summary>
    public ulong? Origin { get; init; }

    /// <summary>Arguments of a Linux program.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Standard input of a Linux program.</summary>
    public byte[] Input { get; init; } = [];
}

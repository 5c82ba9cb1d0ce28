namespace Emu.Stepper.Loading;

/// <summary>What an assembler made of a source.</summary>
/// <param name="Image">An ELF executable, or a flat binary.</param>
/// <param name="Symbols">Its labels.</param>
/// <param name="Source">The source with the addresses of its lines.</param>
/// <param name="Flat">Placement of a flat binary; null for ELF.</param>
public sealed record AssembledProgram(byte[] Image, SymbolTable Symbols, SourceListing Source, FlatPlacement? Flat);

/// <summary>How a flat binary starts.</summary>
/// <param name="Bits">16: real mode; 32: flat protected mode; 64: long mode with the first 4 GiB mapped to themselves.</param>
/// <param name="Origin">Address (in real mode, offset) of its first byte.</param>
public sealed record FlatPlacement(int Bits, ulong Origin);

namespace Emu.Jit;

/// <summary>What is to be said about a region in one line.</summary>
/// <param name="Linear">Linear address of its entry when it was planned; it may be mapped elsewhere by now, and at several places.</param>
/// <param name="Blocks">Blocks of guest code.</param>
/// <param name="Instructions">Guest instructions.</param>
/// <param name="Called">Of these, those the interpreter performs.</param>
/// <param name="IlBytes">Size of its IL in bytes.</param>
/// <param name="HostBytes">Size of its machine code in bytes.</param>
/// <param name="CompileTime">Time spent emitting and compiling it.</param>
public readonly record struct RegionSummary(ulong Linear, int Blocks, int Instructions, int Called, int IlBytes, int HostBytes, TimeSpan CompileTime);

namespace Emu.Cpu;

/// <summary>
/// What replaces interpretation of hot code by something faster. All methods are called on the thread that runs the processor.
/// </summary>
/// <remarks>
/// A translator takes over a block by replacing the handler of its first operation, a pseudo-operation with
/// <see cref="OpFlags.Entry"/>; so chained blocks and the jump cache lead to translated code without knowing of it. Translated code goes
/// back to interpretation by setting RIP to the first instruction of a block and calling the handler of any operation in it.
/// </remarks>
internal unsafe interface ICodeTranslator : IDisposable
{
    /// <summary>Executions of a block before <see cref="OnHot"/>, at least 1.</summary>
    uint Threshold { get; }

    /// <summary>
    /// The block at RIP has run <see cref="Threshold"/> times and is about to run again. False if it does not run often enough, or if the translator has enough to do: it is asked again after as
    /// many executions more, so that what runs most is most likely to be taken.
    /// </summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="block">The block.</param>
    /// <param name="within">Instructions that the processor retired meanwhile.</param>
    bool OnHot(Vcpu cpu, Block block, ulong within);

    /// <summary>The bytes of a block were overwritten, or the cache drops it. It may be running.</summary>
    void OnRetired(Block block);

    /// <summary>No translated code is running: finished work may be installed, unneeded work released.</summary>
    /// <param name="running">State of the processor that runs.</param>
    void BetweenBlocks(CpuState* running);

    /// <summary>The cache is about to free the operations of retired blocks. No translated code is running.</summary>
    void OnReleasing();
}

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
    /// The block at RIP has run as often as asked for, <see cref="Threshold"/> times at first, and is about to run again. If it does not run often enough, or if the translator has enough to do, it
    /// is asked again some executions later, so that what runs most is most likely to be taken.
    /// </summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="block">The block, which does not count any more.</param>
    /// <param name="executions">Executions since it was built or last offered, at least 1.</param>
    /// <param name="within">Instructions that the processor retired meanwhile.</param>
    /// <returns>0 if it is taken, else after how many executions to ask again.</returns>
    uint OnHot(Vcpu cpu, Block block, ulong executions, ulong within);

    /// <summary>The bytes of a block were overwritten, or the cache drops it. It may be running.</summary>
    void OnRetired(Block block);

    /// <summary>No translated code is running: finished work may be installed, unneeded work released.</summary>
    /// <param name="running">The processor that runs.</param>
    void BetweenBlocks(Vcpu running);

    /// <summary>The cache is about to free the operations of retired blocks. No translated code is running.</summary>
    void OnReleasing();
}

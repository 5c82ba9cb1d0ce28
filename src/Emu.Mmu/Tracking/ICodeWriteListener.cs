namespace Emu.Mmu;

/// <summary>A code cache, told of writes to pages it marked <see cref="PageTracking.Code"/>.</summary>
public interface ICodeWriteListener
{
    /// <summary>
    /// Bytes of a page marked as code were written, by a processor, DMA or the host. Called after the bytes changed, once a
    /// page. The page stays marked; the listener removes the mark when it holds no more code of that page.
    /// </summary>
    /// <param name="ramPage">Page number as <see cref="GuestMemory.PageOf"/> gives it.</param>
    /// <param name="offset">First byte written within the page, 0-4095.</param>
    /// <param name="length">Number of bytes written, 1-4096.</param>
    void OnCodeWritten(uint ramPage, int offset, int length);
}

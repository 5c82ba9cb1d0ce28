namespace Emu.Frontend.Run;

/// <summary>The file of <c>-D</c>. A full disk ends the log with a message, not the guest that it is about.</summary>
/// <param name="path">The file, emptied first.</param>
/// <param name="failed">Told once, in a line for the user, that the log ends here.</param>
internal sealed class LogFileStream(string path, Action<string> failed) : FileStream(path, FileMode.Create, FileAccess.Write, FileShare.Read, bufferSize: 0)
{
    private bool hasEnded;

    /// <inheritdoc/>
    /// <remarks>All other ways to write end here: a file stream that is derived from has no span of its own.</remarks>
    public override void Write(byte[] buffer, int offset, int count)
    {
        if (hasEnded) return;
        try
        {
            base.Write(buffer, offset, count);
        }
        catch (IOException e)
        {
            hasEnded = true;
            failed($"-D {Name}: the log ends here: {e.Message}");
        }
    }
}

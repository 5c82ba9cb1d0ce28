namespace Emu.Machine;

/// <summary>What a recording says before a machine has been built for it.</summary>
public static class RecordedRuns
{
    /// <summary>The time of day at which the recorded machine was switched on; one that replays the run must start at the same time.</summary>
    /// <exception cref="RecordingException">The file is no recording.</exception>
    public static DateTime TimeOfDay(string path)
    {
        using BinaryReader reader = RunRecording.Open(path);
        return RunRecording.Guard(path, () => RunRecording.ReadHeader(path, reader).RtcBase);
    }
}

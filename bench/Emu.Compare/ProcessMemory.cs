using System.Globalization;

namespace Emu.Compare;

/// <summary>What a process occupies, by Linux's account of its mappings (<c>/proc/PID/smaps</c>).</summary>
internal static class ProcessMemory
{
    /// <summary>Bytes resident, and bytes resident outside mappings as large as the guest's memory.</summary>
    public static (long Resident, long BeyondGuest) Read(int process, long guestMemory)
    {
        long resident = 0, beyond = 0;
        bool isGuest = false;
        foreach (string line in File.ReadLines($"/proc/{process}/smaps"))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words[0].Contains('-'))
            {
                string[] range = words[0].Split('-');
                long size = long.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture) - long.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                // The low part of the memory may be mapped by itself, below the hole for video memory.
                isGuest = size >= guestMemory / 10 * 9 && words[1].StartsWith("rw", StringComparison.Ordinal);
            }
            else if (words[0] == "Rss:")
            {
                long bytes = long.Parse(words[1], CultureInfo.InvariantCulture) * 1024;
                resident += bytes;
                if (!isGuest) beyond += bytes;
            }
        }

        return (resident, beyond);
    }
}

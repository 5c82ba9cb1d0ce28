using System.Buffers.Binary;
using System.Text;

namespace Emu.Stepper.Linux;

/// <summary>The stack a program finds when it starts: argument count, arguments, environment, auxiliary vector (System V ABI 3.4.1).</summary>
internal static class InitialStack
{
    private enum Auxiliary
    {
        Null = 0,
        ProgramHeaders = 3,
        HeaderSize = 4,
        HeaderCount = 5,
        PageSize = 6,
        Entry = 9,
        UserId = 11,
        EffectiveUserId = 12,
        GroupId = 13,
        EffectiveGroupId = 14,
        Platform = 15,
        ClockTicks = 17,
        Secure = 23,
        Random = 25,
        FileName = 31,
    }

    private const ulong UserId = 1000;

    /// <summary>Writes it; returns the stack pointer.</summary>
    public static ulong Build(UserMemory memory, ulong top, IReadOnlyList<string> arguments, ProgramHeaders headers, ulong entry, bool is32)
    {
        ulong at = top - 16;
        ulong Place(ReadOnlySpan<byte> bytes)
        {
            at -= (uint)bytes.Length;
            memory.Write(at, bytes);
            return at;
        }

        ulong Text(string text) => Place(Encoding.UTF8.GetBytes(text + "\0"));
        ulong[] texts = [.. arguments.Select(Text)];
        ulong[] environment = [Text("PATH=/bin"), Text("HOME=/")];
        ulong platform = Text(is32 ? "i686" : "x86_64");
        // Random for stack protectors; the same every time, so that a program can be run again exactly.
        ulong random = Place(Enumerable.Range(1, 16).Select(i => (byte)(i * 37)).ToArray());
        List<ulong> words = [(ulong)texts.Length, .. texts, 0, .. environment, 0];
        ReadOnlySpan<(Auxiliary Key, ulong Value)> vector =
        [
            (Auxiliary.ProgramHeaders, headers.Address), (Auxiliary.HeaderSize, (ulong)headers.Size), (Auxiliary.HeaderCount, (ulong)headers.Count),
            (Auxiliary.PageSize, UserMemory.PageSize), (Auxiliary.Entry, entry), (Auxiliary.UserId, UserId), (Auxiliary.EffectiveUserId, UserId),
            (Auxiliary.GroupId, UserId), (Auxiliary.EffectiveGroupId, UserId), (Auxiliary.Platform, platform), (Auxiliary.ClockTicks, 100),
            (Auxiliary.Secure, 0), (Auxiliary.Random, random), (Auxiliary.FileName, texts[0]), (Auxiliary.Null, 0),
        ];
        foreach ((Auxiliary key, ulong value) in vector)
        {
            words.Add((ulong)key);
            words.Add(value);
        }

        int size = is32 ? 4 : 8;
        at = (at - (ulong)(words.Count * size)) & ~15ul;
        Span<byte> word = stackalloc byte[8];
        for (int i = 0; i < words.Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(word, words[i]);
            memory.Write(at + (ulong)(i * size), word[..size]);
        }

        return at;
    }
}

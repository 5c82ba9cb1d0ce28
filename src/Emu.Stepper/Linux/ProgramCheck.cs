using System.Buffers.Binary;
using Emu.Machine.Loaders;

namespace Emu.Stepper.Linux;

/// <summary>Says in plain words why a file cannot be run as a static program.</summary>
internal static class ProgramCheck
{
    private const uint Interpreter = 3;
    private const int ExecutableType = 2, SharedType = 3;

    /// <summary>Throws unless the file is a static executable at fixed addresses.</summary>
    public static void RequireStatic(ReadOnlySpan<byte> file, ElfImage image, string name)
    {
        int type = BinaryPrimitives.ReadUInt16LittleEndian(file[16..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(file[(image.Is64 ? 54 : 42)..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(file[(image.Is64 ? 56 : 44)..]);
        ulong table = image.Is64 ? BinaryPrimitives.ReadUInt64LittleEndian(file[32..]) : BinaryPrimitives.ReadUInt32LittleEndian(file[28..]);
        for (int i = 0; i < count; i++)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(file[((int)table + (i * size))..]) == Interpreter)
            {
                throw new StepperException($"{name} is dynamically linked and needs libraries that are not loaded here; link it with -static -no-pie");
            }
        }

        if (type == SharedType) throw new StepperException($"{name} is a position-independent program or a library; link it with -static -no-pie");
        if (type != ExecutableType) throw new StepperException($"{name} is an object file, not a program; link it first (ld -o program {name})");
        if (image.Segments.Count == 0) throw new StepperException($"{name} has nothing to load");
        foreach (ElfSegment segment in image.Segments)
        {
            if (segment.Virtual + segment.MemorySize < segment.Virtual || segment.Virtual + segment.MemorySize > 1ul << 47) throw new StepperException($"{name} wants to be at {segment.Virtual:x}h, which is no address for a Linux program");
        }
    }
}

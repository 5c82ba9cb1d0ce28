using System.Globalization;
using System.Reflection;
using System.Reflection.Emit;
using Emu.Jit.Analysis;

namespace Emu.Jit.Emit;

/// <summary>A line of a listing of IL.</summary>
/// <param name="Offset">Offset in the method's IL, in bytes.</param>
/// <param name="Text">Opcode and operand, or a label with its colon.</param>
/// <param name="Instruction">The guest's instruction it belongs to; null for what belongs to the region.</param>
/// <param name="Part">What it is for.</param>
/// <param name="Value">The number it loads.</param>
internal sealed record IlLine(int Offset, string Text, RegionInstruction? Instruction, RegionPart Part, long? Value = null);

/// <summary>The IL of a region in words. One thread at a time.</summary>
internal sealed class IlListing(RegionGraph graph)
{
    private const int OpcodeColumns = 11;

    private readonly List<IlLine> lines = [];
    private readonly Dictionary<int, string> locals = [];
    private RegionInstruction? instruction;
    private RegionPart part;

    /// <summary>The instructions the lines belong to.</summary>
    public RegionGraph Graph => graph;

    /// <summary>The lines, by offset.</summary>
    public IReadOnlyList<IlLine> Lines => lines;

    /// <summary>What follows belongs to an instruction of the guest, or to the region.</summary>
    public void Begin(RegionInstruction? owner, RegionPart purpose)
    {
        instruction = owner;
        part = purpose;
    }

    /// <summary>Gives a local a name; one without is called by its number.</summary>
    public void Declare(LocalBuilder local, string? name) => locals[local.LocalIndex] = name ?? $"t{local.LocalIndex}:{NameOf(local.LocalType)}";

    /// <summary>A label stands here.</summary>
    public void Mark(int offset, Label label) => lines.Add(new IlLine(offset, $"L{label.Id}:", instruction, part));

    /// <summary>An opcode without operand.</summary>
    public void Add(int offset, OpCode opcode) => AddLine(offset, opcode, "");

    /// <summary>An opcode with a number.</summary>
    public void Add(int offset, OpCode opcode, long value) =>
        AddLine(offset, opcode, value is > -1024 and < 1024 ? value.ToString(CultureInfo.InvariantCulture) : $"0x{value:x}", value);

    /// <summary>An opcode with a local.</summary>
    public void Add(int offset, OpCode opcode, LocalBuilder local) => AddLine(offset, opcode, locals[local.LocalIndex]);

    /// <summary>A branch.</summary>
    public void Add(int offset, OpCode opcode, Label target) => AddLine(offset, opcode, $"L{target.Id}");

    /// <summary>A jump through a table.</summary>
    public void Add(int offset, OpCode opcode, Label[] targets) => AddLine(offset, opcode, string.Join(' ', targets.Select(t => $"L{t.Id}")));

    /// <summary>A call.</summary>
    public void Add(int offset, OpCode opcode, MethodInfo method)
    {
        string types = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(NameOf))}>" : "";
        AddLine(offset, opcode, $"{(method.DeclaringType is { } owner ? NameOf(owner) + "." : "")}{method.Name}{types}");
    }

    /// <summary>An access to a value of a type.</summary>
    public void Add(int offset, OpCode opcode, Type type) => AddLine(offset, opcode, NameOf(type));

    /// <summary>A call through a pointer.</summary>
    public void Add(int offset, OpCode opcode, Type[] parameters) => AddLine(offset, opcode, $"({string.Join(", ", parameters.Select(NameOf))})");

    private void AddLine(int offset, OpCode opcode, string operand, long? value = null)
    {
        string name = opcode.Name ?? opcode.ToString() ?? "";
        lines.Add(new IlLine(offset, operand.Length == 0 ? name : $"{name.PadRight(OpcodeColumns)} {operand}", instruction, part, value));
    }

    private static string NameOf(Type type)
    {
        string name = type.Name switch
        {
            "Byte" => "u8", "UInt16" => "u16", "UInt32" => "u32", "UInt64" => "u64", "IntPtr" => "ptr",
            "SByte" => "i8", "Int16" => "i16", "Int32" => "i32", "Int64" => "i64", "Single" => "f32", "Double" => "f64",
            _ => type.Name,
        };
        int tick = name.IndexOf('`', StringComparison.Ordinal);
        return tick < 0 ? name : $"{name[..tick]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>";
    }
}

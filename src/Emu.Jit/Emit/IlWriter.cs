using System.Reflection;
using System.Reflection.Emit;
using Emu.Jit.Analysis;
using Iced.Intel;

namespace Emu.Jit.Emit;

/// <summary>
/// What the emitter uses of <see cref="ILGenerator"/>, under the same names; it keeps a listing of what passes through when there is to be one.
/// </summary>
internal sealed class IlWriter(ILGenerator il, IlListing? listing)
{
    /// <inheritdoc cref="ILGenerator.ILOffset"/>
    public int ILOffset => il.ILOffset;

    /// <summary>What is emitted from here on belongs to an instruction of the guest.</summary>
    /// <param name="instruction">The instruction; null for what belongs to the region.</param>
    /// <param name="part">What it is for.</param>
    public void Begin(RegionInstruction? instruction, RegionPart part) => listing?.Begin(instruction, part);

    /// <summary>Declares a local without a name of its own.</summary>
    public LocalBuilder DeclareLocal(Type type)
    {
        LocalBuilder local = il.DeclareLocal(type);
        listing?.Declare(local, null);
        return local;
    }

    /// <summary>Declares a local with a name for listings.</summary>
    public LocalBuilder DeclareLocal(Type type, string name)
    {
        LocalBuilder local = il.DeclareLocal(type);
        listing?.Declare(local, name);
        return local;
    }

    /// <summary>Declares a local that holds a register of the guest.</summary>
    public LocalBuilder DeclareLocal(Type type, Register register)
    {
        LocalBuilder local = il.DeclareLocal(type);
        listing?.Declare(local, register.ToString().ToLowerInvariant());
        return local;
    }

    /// <inheritdoc cref="ILGenerator.DefineLabel"/>
    public Label DefineLabel() => il.DefineLabel();

    /// <inheritdoc cref="ILGenerator.MarkLabel"/>
    public void MarkLabel(Label label)
    {
        il.MarkLabel(label);
        listing?.Mark(il.ILOffset, label);
    }

    /// <inheritdoc cref="ILGenerator.Emit(OpCode)"/>
    public void Emit(OpCode opcode)
    {
        listing?.Add(il.ILOffset, opcode);
        il.Emit(opcode);
    }

    /// <inheritdoc cref="ILGenerator.Emit(OpCode, int)"/>
    public void Emit(OpCode opcode, int value)
    {
        listing?.Add(il.ILOffset, opcode, value);
        il.Emit(opcode, value);
    }

    /// <inheritdoc cref="ILGenerator.Emit(OpCode, long)"/>
    public void Emit(OpCode opcode, long value)
    {
        listing?.Add(il.ILOffset, opcode, value);
        il.Emit(opcode, value);
    }

    /// <inheritdoc cref="ILGenerator.Emit(OpCode, LocalBuilder)"/>
    public void Emit(OpCode opcode, LocalBuilder local)
    {
        listing?.Add(il.ILOffset, opcode, local);
        il.Emit(opcode, local);
    }

    /// <inheritdoc cref="ILGenerator.Emit(OpCode, Label)"/>
    public void Emit(OpCode opcode, Label target)
    {
        listing?.Add(il.ILOffset, opcode, target);
        il.Emit(opcode, target);
    }

    /// <inheritdoc cref="ILGenerator.Emit(OpCode, Label[])"/>
    public void Emit(OpCode opcode, Label[] targets)
    {
        listing?.Add(il.ILOffset, opcode, targets);
        il.Emit(opcode, targets);
    }

    /// <inheritdoc cref="ILGenerator.Emit(OpCode, MethodInfo)"/>
    public void Emit(OpCode opcode, MethodInfo method)
    {
        listing?.Add(il.ILOffset, opcode, method);
        il.Emit(opcode, method);
    }

    /// <inheritdoc cref="ILGenerator.Emit(OpCode, Type)"/>
    public void Emit(OpCode opcode, Type type)
    {
        listing?.Add(il.ILOffset, opcode, type);
        il.Emit(opcode, type);
    }

    /// <summary>Calls through a pointer of the type of an operation's handler.</summary>
    public void EmitCalli(OpCode opcode, CallingConventions convention, Type returnType, Type[] parameterTypes, Type[]? optionalParameterTypes)
    {
        listing?.Add(il.ILOffset, opcode, parameterTypes);
        il.EmitCalli(opcode, convention, returnType, parameterTypes, optionalParameterTypes);
    }
}

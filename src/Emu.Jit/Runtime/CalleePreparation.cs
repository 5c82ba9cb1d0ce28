using System.Collections.Frozen;
using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Emu.Jit.Runtime;

/// <summary>
/// Compiles what translated code may call, and what that calls in turn. The runtime would do so at the first call, under the guest's MXCSR, and
/// its compiler computes with floating point: the flags that raises would look like the guest's.
/// </summary>
internal sealed class CalleePreparation
{
    private const byte TwoByteOpcode = 0xFE;

    private static readonly FrozenDictionary<int, OpCode> Opcodes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(static f => f.GetValue(null)).OfType<OpCode>().ToFrozenDictionary(static o => (int)(ushort)o.Value);

    private readonly HashSet<MethodBase> seen = [];

    /// <summary>Prepares a function, once. Functions of the runtime's own library are compiled already.</summary>
    public void Prepare(MethodBase function)
    {
        Stack<MethodBase> pending = new([function]);
        while (pending.TryPop(out MethodBase? method))
        {
            if (!seen.Add(method) || method.IsAbstract || method.GetMethodBody() is not { } body) continue;
            Type[] typeArguments = method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : [];
            Type[] methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : [];
            if (method.DeclaringType is { TypeInitializer: not null } owner) RuntimeHelpers.RunClassConstructor(owner.TypeHandle);
            RuntimeHelpers.PrepareMethod(method.MethodHandle, [.. typeArguments.Concat(methodArguments).Select(static t => t.TypeHandle)]);
            if (!IsOurs(method)) continue;
            foreach (MethodBase callee in CalleesOf(method.Module, body.GetILAsByteArray() ?? [], typeArguments, methodArguments)) pending.Push(callee);
        }
    }

    private static bool IsOurs(MethodBase method) => method.Module.Assembly != typeof(object).Assembly;

    private static IEnumerable<MethodBase> CalleesOf(Module module, byte[] il, Type[] typeArguments, Type[] methodArguments)
    {
        Type? constrained = null;
        for (int at = 0; at < il.Length;)
        {
            int value = il[at] == TwoByteOpcode ? TwoByteOpcode << 8 | il[at + 1] : il[at];
            OpCode opcode = Opcodes[value];
            at += opcode.Size;
            if (opcode == OpCodes.Constrained)
            {
                constrained = module.ResolveType(BitConverter.ToInt32(il, at), typeArguments, methodArguments);
            }
            else if (opcode.OperandType == OperandType.InlineMethod && module.ResolveMethod(BitConverter.ToInt32(il, at), typeArguments, methodArguments) is { } callee)
            {
                yield return constrained == null ? callee : Implementation(constrained, callee);
                constrained = null;
            }

            at += OperandSize(opcode.OperandType, il, at);
        }
    }

    /// <summary>The function of a type that implements a static one of an interface.</summary>
    private static MethodBase Implementation(Type type, MethodBase function)
    {
        if (function.DeclaringType is not { IsInterface: true } contract) return function;
        MethodBase definition = function is MethodInfo { IsGenericMethod: true } generic ? generic.GetGenericMethodDefinition() : function;
        InterfaceMapping map = type.GetInterfaceMap(contract);
        int index = Array.FindIndex(map.InterfaceMethods, m => m == definition);
        if (index < 0) return function;
        MethodInfo target = map.TargetMethods[index];
        return function.IsGenericMethod ? target.MakeGenericMethod(function.GetGenericArguments()) : target;
    }

    private static int OperandSize(OperandType type, byte[] il, int at) => type switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(il, at)),
        _ => 4,
    };
}

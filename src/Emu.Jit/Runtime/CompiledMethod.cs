using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Emu.Jit.Runtime;

/// <summary>
/// The code of a <see cref="DynamicMethod"/> as a function pointer. The one place that relies on how the runtime keeps such methods:
/// <c>Ldftn</c> refuses them, but their handle, once prepared, gives the address of their code like any other method's.
/// </summary>
internal static class CompiledMethod
{
    // What wrote the IL, which the method keeps with its buffers though it is done with it: more than the IL and the host code together.
    private static readonly FieldInfo? Generator = typeof(DynamicMethod).GetField("_ilGenerator", BindingFlags.Instance | BindingFlags.NonPublic);

    [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "GetMethodDescriptor")]
    private static extern RuntimeMethodHandle GetMethodDescriptor(DynamicMethod method);

    /// <summary>Compiles a method on this thread. The pointer is good as long as the method is reachable; nothing more can be emitted.</summary>
    /// <exception cref="InvalidProgramException">Its IL is wrong.</exception>
    public static nint Compile(DynamicMethod method)
    {
        RuntimeMethodHandle handle = GetMethodDescriptor(method);
        RuntimeHelpers.PrepareMethod(handle);
        Generator?.SetValue(method, null);
        return handle.GetFunctionPointer();
    }
}

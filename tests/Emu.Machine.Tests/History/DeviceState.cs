using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using Emu.Devices;

namespace Emu.Machine.Tests;

/// <summary>Finds, by reflection, every instance field that makes up the state of a machine's devices.</summary>
internal sealed class DeviceState
{
    private readonly Dictionary<object, string> seen = new(ReferenceEqualityComparer.Instance);
    private readonly List<(string Path, object Owner, FieldInfo Field)> fields = [];

    public DeviceState(PcBoard board)
    {
        foreach (ISnapshotable device in board.Snapshotables) Visit(device.GetType().Name, device);
    }

    /// <summary>Fields that hold values, by the path to them.</summary>
    public IEnumerable<(string Path, object Owner, FieldInfo Field)> Fields => fields;

    /// <summary>All values as text, by path.</summary>
    public Dictionary<string, string> Dump() => fields.ToDictionary(f => f.Path, f => Text(f.Field.GetValue(f.Owner)));

    /// <summary>The name under which exclusions list a field: its type's and its own.</summary>
    public static string NameOf(FieldInfo field)
    {
        string name = field.Name.StartsWith('<') ? field.Name[1..field.Name.IndexOf('>')] : field.Name;
        return $"{field.DeclaringType?.Name}.{name}";
    }

    /// <summary>Another value of the same type, or null where none can be made up.</summary>
    public static object? Other(object value) => value switch
    {
        bool b => !b,
        byte b => (byte)(b ^ 1),
        short s => (short)(s ^ 1),
        ushort s => (ushort)(s ^ 1),
        int i => i ^ 1,
        uint u => u ^ 1,
        long l => l ^ 1,
        ulong u => u ^ 1,
        Enum e => Enum.ToObject(e.GetType(), Convert.ToInt64(e, CultureInfo.InvariantCulture) ^ 1),
        DateTime t => t.AddTicks(10_000_000),
        _ => null,
    };

    private void Visit(string path, object owner)
    {
        if (!seen.TryAdd(owner, path)) return;
        if (owner is Array array)
        {
            for (int i = 0; i < array.Length; i++)
            {
                if (array.GetValue(i) is { } element && IsDevicePart(element.GetType())) Visit($"{path}[{i}]", element);
            }

            return;
        }

        for (Type? type = owner.GetType(); type != null && type.Assembly == typeof(ISnapshotable).Assembly; type = type.BaseType)
        {
            foreach (FieldInfo field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)) Look(path, owner, field);
        }
    }

    private void Look(string path, object owner, FieldInfo field)
    {
        object? value = field.GetValue(owner);
        string here = $"{path}.{NameOf(field)}";
        if (IsValue(field.FieldType) || IsCollectionOfValues(field.FieldType)) fields.Add((here, owner, field));
        else if (value is Array or IEnumerable && value is not string)
        {
            int i = 0;
            if (value is Array array && !IsValue(array.GetType().GetElementType() ?? typeof(object))) Visit(here, array);
            else foreach (object? element in (IEnumerable)value)
            {
                if (element != null && IsDevicePart(element.GetType())) Visit($"{here}[{i}]", element);
                i++;
            }
        }
        else if (value != null && IsDevicePart(value.GetType())) Visit(here, value);
    }

    private static bool IsDevicePart(Type type) => type is { IsClass: true, IsArray: false } && type.Assembly == typeof(ISnapshotable).Assembly
        && !typeof(Delegate).IsAssignableFrom(type) && !type.IsDefined(typeof(CompilerGeneratedAttribute));

    private static bool IsValue(Type type) => type.IsPrimitive && type != typeof(nint) && type != typeof(nuint) || type.IsEnum || type == typeof(DateTime)
        || type.IsValueType && !type.IsByRefLike && !type.IsPointer && type != typeof(nint) && type != typeof(nuint);

    private static bool IsCollectionOfValues(Type type) =>
        (type.IsArray && IsValue(type.GetElementType() ?? typeof(object)))
        || (type.IsGenericType && typeof(IEnumerable).IsAssignableFrom(type) && type.GetGenericArguments().All(IsValue));

    private static string Text(object? value) => value switch
    {
        null => "null",
        Enum e => Convert.ToInt64(e, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture),
        IEnumerable list and not string => string.Join(',', list.Cast<object?>().Select(Text)),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString() ?? "",
    };
}

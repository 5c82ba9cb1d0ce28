namespace Emu.Devices.Firmware.Acpi;

/// <summary>An encoded piece of ACPI machine language: an object definition, a statement, an expression or a name.</summary>
/// <param name="Bytes">Its encoding (ACPI 6.4, chapter 20).</param>
public readonly record struct AmlTerm(byte[] Bytes)
{
    /// <summary>The pieces one after the other.</summary>
    public static AmlTerm Concat(params ReadOnlySpan<AmlTerm> terms)
    {
        int length = 0;
        foreach (AmlTerm term in terms)
            length += term.Bytes.Length;
        byte[] bytes = new byte[length];
        int position = 0;
        foreach (AmlTerm term in terms)
        {
            term.Bytes.CopyTo(bytes, position);
            position += term.Bytes.Length;
        }
        return new AmlTerm(bytes);
    }

    /// <summary>A name stands for itself wherever a term is wanted.</summary>
    public static implicit operator AmlTerm(string name) => Aml.Path(name);

    /// <summary>An integer constant in its shortest encoding.</summary>
    public static implicit operator AmlTerm(int value) => Aml.Integer((uint)value);
}

using System.Text;
using Emu.Cpu;

namespace Emu.Debugging.Gdb;

/// <summary>The registers a gdb session has been told of, with their numbers, and the XML that told it (gdb manual, appendix G).</summary>
internal sealed class TargetDescription
{
    private TargetDescription(GdbArchitecture architecture, IReadOnlyList<GdbFeature> features)
    {
        Architecture = architecture;
        Registers = [.. features.SelectMany(f => f.Registers)];
        Xml = Write(architecture, features);
    }

    /// <summary>What it describes; never <see cref="GdbArchitecture.Auto"/>.</summary>
    public GdbArchitecture Architecture { get; }

    /// <summary>Registers by number.</summary>
    public IReadOnlyList<GdbRegister> Registers { get; }

    /// <summary>The document <c>target.xml</c>.</summary>
    public string Xml { get; }

    /// <summary>The description of a processor.</summary>
    public static TargetDescription For(Vcpu cpu, GdbArchitecture architecture) =>
        new(architecture, RegisterSets.Build(architecture == GdbArchitecture.X64, cpu));

    private static string Write(GdbArchitecture architecture, IReadOnlyList<GdbFeature> features)
    {
        string name = architecture switch { GdbArchitecture.X64 => "i386:x86-64", GdbArchitecture.I386 => "i386", _ => "i8086" };
        StringBuilder text = new($"""<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0"><architecture>{name}</architecture><osabi>none</osabi>""");
        int number = 0;
        foreach (GdbFeature feature in features)
        {
            text.Append($"\n<feature name=\"{feature.Name}\">").Append(feature.Types);
            foreach (GdbRegister register in feature.Registers)
            {
                text.Append($"""<reg name="{register.Name}" bitsize="{register.Bits}" type="{register.Type}" regnum="{number++}"{(register.Group is { } group ? $" group=\"{group}\"" : "")}/>""");
            }

            text.Append("</feature>");
        }

        return text.Append("</target>").ToString();
    }
}

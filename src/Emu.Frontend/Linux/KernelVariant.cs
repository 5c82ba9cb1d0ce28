namespace Emu.Frontend.Linux;

/// <summary>A Debian kernel that <c>emu linux</c> can boot.</summary>
/// <param name="Name">Name for <c>--variant</c>.</param>
/// <param name="Architecture">Debian's name of the architecture.</param>
/// <param name="KernelPackage">Package that depends on the current kernel.</param>
/// <param name="KernelSuffix">How the names of its kernels end.</param>
internal sealed record KernelVariant(string Name, string Architecture, string KernelPackage, string KernelSuffix)
{
    /// <summary>Package with the user-space programs.</summary>
    public const string BusyboxPackage = "busybox-static";

    /// <summary>All of them, the default first.</summary>
    public static IReadOnlyList<KernelVariant> All { get; } =
    [
        new("cloud", "amd64", "linux-image-cloud-amd64", "-cloud-amd64"),
        new("generic", "amd64", "linux-image-amd64", "-amd64"),
        new("686", "i386", "linux-image-686", "-686"),
    ];

    /// <summary>Whether a kernel of this name belongs to the variant.</summary>
    public bool Matches(string kernelName) =>
        kernelName.EndsWith(KernelSuffix, StringComparison.Ordinal) && (Name != "generic" || !kernelName.EndsWith("-cloud-amd64", StringComparison.Ordinal));
}

namespace Emu.Devices.Pci;

/// <summary>The read-only words by which a driver recognises a function (PCI 3.0, 6.2.1).</summary>
/// <param name="VendorId">Vendor, e.g. 0x8086.</param>
/// <param name="DeviceId">Device of that vendor.</param>
/// <param name="ClassCode">24 bits: base class, sub-class, programming interface, e.g. 0x030000 for VGA.</param>
/// <param name="RevisionId">Silicon revision.</param>
/// <param name="SubsystemVendorId">Board vendor; 0 where the part has no such register.</param>
/// <param name="SubsystemId">Board.</param>
/// <param name="InterruptPin">0 none, 1 INTA# ... 4 INTD#.</param>
public sealed record PciIdentity(
    ushort VendorId,
    ushort DeviceId,
    uint ClassCode,
    byte RevisionId = 0,
    ushort SubsystemVendorId = PciIdentity.QumranetSubsystemVendor,
    ushort SubsystemId = PciIdentity.QemuSubsystem,
    byte InterruptPin = 0)
{
    /// <summary>Vendor that QEMU's emulated boards carry (Red Hat, Qumranet); guests' drivers quirk on it.</summary>
    public const ushort QumranetSubsystemVendor = 0x1AF4;

    /// <summary>"QEMU virtual machine".</summary>
    public const ushort QemuSubsystem = 0x1100;
}

namespace Emu.Mmu;

/// <summary>Is told of an access to a device: after a read, before a write.</summary>
/// <param name="device">Name of the region or port range.</param>
/// <param name="address">Physical address or port number.</param>
/// <param name="size">1, 2, 4 or 8 bytes.</param>
/// <param name="value">What was read, or is written.</param>
/// <param name="isWrite">Which of the two.</param>
public delegate void DeviceAccessObserver(string device, ulong address, int size, ulong value, bool isWrite);

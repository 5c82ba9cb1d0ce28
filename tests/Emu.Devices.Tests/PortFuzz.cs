using Emu.Mmu;

namespace Emu.Devices.Tests;

/// <summary>Random accesses of every size, as a hostile guest makes them. A device passes by not throwing and by keeping reads in range.</summary>
internal static class PortFuzz
{
    public static void Run(IPortDevice device, int ports, int accesses, int seed = 1)
    {
        Random random = new(seed);
        for (int i = 0; i < accesses; i++)
        {
            int size = 1 << random.Next(3);
            while (size > device.MaxPortAccessSize || size > ports)
                size >>= 1;
            ushort offset = (ushort)random.Next(ports - size + 1);
            if (random.Next(2) == 0)
                device.ReadPort(offset, size);
            else
                device.WritePort(offset, size, random.Next(4) == 0 ? (uint)random.Next() : (uint)random.Next(256));
        }
    }
}

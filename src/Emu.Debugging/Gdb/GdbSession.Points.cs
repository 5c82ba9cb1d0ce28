using Emu.Cpu;

namespace Emu.Debugging.Gdb;

// Breakpoints and watchpoints: Z and z.
internal sealed partial class GdbSession
{
    private readonly List<Point> points = [];

    private enum PointKind
    {
        Software,
        Hardware,
        WriteWatch,
        ReadWatch,
        AccessWatch,
    }

    private sealed record Point(PointKind Kind, ulong Address, int Length, Breakpoint? Breakpoint, Watchpoint? Watchpoint);

    private void AddPointHandlers()
    {
        On("Z", text => TryPoint(text, out PointKind kind, out ulong address, out int length) ? Insert(kind, address, length) : Unsupported);
        On("z", text => TryPoint(text, out PointKind kind, out ulong address, out int length) ? Remove(kind, address, length) : Unsupported);
    }

    private static bool TryPoint(string text, out PointKind kind, out ulong address, out int length)
    {
        (kind, address, length) = (default, 0, 0);
        if (text.Length < 2 || text[0] is < '0' or > '4' || text[1] != ',') return false;
        kind = (PointKind)(text[0] - '0');
        return HexText.TryRange(text[2..].Split(';')[0], out address, out length);
    }

    private Point? FindPoint(PointKind kind, ulong address, int length) => points.Find(p => p.Kind == kind && p.Address == address && p.Length == length);

    private Point? FindPoint(Breakpoint breakpoint) => points.Find(p => p.Breakpoint == breakpoint);

    private string Insert(PointKind kind, ulong address, int length)
    {
        // Inserting one twice has the effect of inserting it once (gdb manual, E.2).
        if (FindPoint(kind, address, length) != null) return Ok;
        if (kind is PointKind.Software or PointKind.Hardware)
        {
            Breakpoint breakpoint = new(address);
            debugger.Points.Add(breakpoint);
            points.Add(new Point(kind, address, length, breakpoint, null));
            return Ok;
        }

        if (length <= 0 || (ulong)length > DebugPoints.MaxWatchLength || address + (ulong)length - 1 < address) return BadArgument;
        Watchpoint watchpoint = new(address, (ulong)length, kind switch
        {
            PointKind.WriteWatch => WatchKind.Write,
            PointKind.ReadWatch => WatchKind.Read,
            _ => WatchKind.ReadWrite,
        });
        debugger.Points.Add(watchpoint);
        points.Add(new Point(kind, address, length, null, watchpoint));
        return Ok;
    }

    private string Remove(PointKind kind, ulong address, int length)
    {
        if (FindPoint(kind, address, length) is { } point) Remove(point);
        return Ok;
    }

    private void Remove(Point point)
    {
        if (point.Breakpoint != null) debugger.Points.Remove(point.Breakpoint);
        if (point.Watchpoint != null) debugger.Points.Remove(point.Watchpoint);
        points.Remove(point);
    }

    private void RemoveAllPoints()
    {
        foreach (Point point in points.ToArray()) Remove(point);
        debugger.Points.Trim();
    }
}

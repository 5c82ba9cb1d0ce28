namespace Emu.Devices.Storage;

/// <summary>How often each cluster of a file is referred to. References past its end are possible, but few.</summary>
internal sealed class Qcow2ClusterCounts(long clustersInFile)
{
    private readonly uint[] _inside = new uint[clustersInFile];
    private readonly SortedDictionary<long, uint> _outside = [];

    /// <summary>One more than the highest cluster referred to.</summary>
    public long End { get; private set; }

    public uint this[long cluster] => cluster < _inside.Length ? _inside[cluster] : _outside.GetValueOrDefault(cluster);

    public void Add(long cluster)
    {
        if (cluster < _inside.Length) _inside[cluster]++;
        else _outside[cluster] = _outside.GetValueOrDefault(cluster) + 1;
        End = Math.Max(End, cluster + 1);
    }

    public void Remove(long cluster)
    {
        if (cluster < _inside.Length) _inside[cluster]--;
        else _outside[cluster]--;
    }

    /// <summary>Clusters past the file's end that are referred to.</summary>
    public IEnumerable<long> Outside => _outside.Where(pair => pair.Value != 0).Select(pair => pair.Key);
}

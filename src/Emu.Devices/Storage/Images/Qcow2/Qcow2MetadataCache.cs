namespace Emu.Devices.Storage;

/// <summary>One cluster of tables (L2 table or refcount block) in memory.</summary>
internal sealed class Qcow2MetadataBlock(long offset, byte[] data)
{
    /// <summary>Byte offset in the file.</summary>
    public long Offset { get; } = offset;

    /// <summary>The cluster, as stored.</summary>
    public byte[] Data { get; } = data;

    /// <summary>Memory is newer than the file.</summary>
    public bool IsDirty { get; set; }

    /// <summary>Nothing in the file points to it yet, so it may be written at any time.</summary>
    public bool IsNew { get; set; }

    internal LinkedListNode<Qcow2MetadataBlock>? Node { get; set; }
}

/// <summary>Table clusters by file offset, least recently used first out. Dirty ones stay until written.</summary>
internal sealed class Qcow2MetadataCache(IImageFile file, int clusterSize, int budgetBytes)
{
    private readonly Dictionary<long, Qcow2MetadataBlock> _blocks = [];
    private readonly LinkedList<Qcow2MetadataBlock> _byUse = new();
    private readonly int _capacity = Math.Max(8, budgetBytes / clusterSize);

    /// <summary>Blocks whose memory is newer than the file.</summary>
    public HashSet<Qcow2MetadataBlock> Dirty { get; } = [];

    /// <summary>Whether <see cref="Trim"/> would have to drop dirty blocks: write them first.</summary>
    public bool NeedsCommit => _blocks.Count > _capacity && Dirty.Count > _capacity / 2;

    /// <summary>The block at <paramref name="offset"/>, read if need be.</summary>
    public Qcow2MetadataBlock Get(long offset)
    {
        if (_blocks.TryGetValue(offset, out Qcow2MetadataBlock? block))
        {
            if (block.Node is { } node && node != _byUse.Last)
            {
                _byUse.Remove(node);
                _byUse.AddLast(node);
            }
            return block;
        }
        byte[] data = new byte[clusterSize];
        file.Read(offset, data);
        return Add(new Qcow2MetadataBlock(offset, data));
    }

    /// <summary>Takes in a block that nothing in the file refers to yet.</summary>
    public Qcow2MetadataBlock AddNew(long offset, byte[] data)
    {
        Forget(offset);
        Qcow2MetadataBlock block = Add(new Qcow2MetadataBlock(offset, data) { IsNew = true });
        MarkDirty(block);
        return block;
    }

    public void MarkDirty(Qcow2MetadataBlock block)
    {
        block.IsDirty = true;
        Dirty.Add(block);
    }

    /// <summary>Drops what was cached of a cluster that is no table any more.</summary>
    public void Forget(long offset)
    {
        if (!_blocks.Remove(offset, out Qcow2MetadataBlock? block)) return;
        if (block.Node is { } node) _byUse.Remove(node);
        Dirty.Remove(block);
    }

    /// <summary>Drops clean blocks beyond the budget. Only call while nobody holds a block.</summary>
    public void Trim()
    {
        LinkedListNode<Qcow2MetadataBlock>? node = _byUse.First;
        while (_blocks.Count > _capacity && node is not null)
        {
            LinkedListNode<Qcow2MetadataBlock>? next = node.Next;
            if (!node.Value.IsDirty && !node.Value.IsNew)
            {
                _blocks.Remove(node.Value.Offset);
                _byUse.Remove(node);
            }
            node = next;
        }
    }

    /// <summary>Writes the dirty blocks that satisfy <paramref name="which"/>, in file order; true if there were any.</summary>
    public bool Write(Func<Qcow2MetadataBlock, bool> which)
    {
        Qcow2MetadataBlock[] blocks = [.. Dirty.Where(which).OrderBy(block => block.Offset)];
        foreach (Qcow2MetadataBlock block in blocks)
        {
            file.Write(block.Offset, block.Data);
            block.IsDirty = false;
            Dirty.Remove(block);
        }
        return blocks.Length != 0;
    }

    private Qcow2MetadataBlock Add(Qcow2MetadataBlock block)
    {
        block.Node = _byUse.AddLast(block);
        _blocks.Add(block.Offset, block);
        return block;
    }
}

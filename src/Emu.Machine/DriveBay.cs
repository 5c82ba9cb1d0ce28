using Emu.Devices.Storage;
using Emu.Devices.Storage.Floppy;
using Emu.Devices.Storage.Ide;
using Emu.Devices.Timers;
using Emu.Machine.Loaders;

namespace Emu.Machine;

/// <summary>A drive of the machine with the name monitors use.</summary>
/// <param name="Name">Name such as "ide1-cd0".</param>
/// <param name="Configuration">What it was made from.</param>
/// <param name="Index">IDE position 0..3, or floppy 0..1.</param>
public sealed record Drive(string Name, DriveConfiguration Configuration, int Index)
{
    /// <summary>The IDE drive, or null for a floppy.</summary>
    public IdeDrive? Ide { get; init; }

    /// <summary>The floppy drive, or null for an IDE drive.</summary>
    public FloppyDrive? Floppy { get; init; }
}

/// <summary>Opens the images of all drives and puts the drives in their places.</summary>
public sealed class DriveBay : IDisposable
{
    private const int IdePositions = 4;
    private readonly Machine machine;
    private readonly bool deterministic;
    private readonly bool remembers;
    private readonly List<Drive> drives = [];

    /// <summary>Opens the images.</summary>
    /// <exception cref="DiskImageException">An image cannot be opened.</exception>
    /// <exception cref="LoaderException">Two drives want one place, or there are too many.</exception>
    internal DriveBay(MachineConfiguration configuration, Machine machine)
    {
        this.machine = machine;
        deterministic = configuration.Clock.InstructionShift != null;
        remembers = machine.RecordsInputs && configuration.Recording == null;
        try
        {
            // Those with a place first, so that the others take what is left.
            foreach (DriveConfiguration drive in configuration.Drives.OrderBy(d => d.Index == null)) Add(drive);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>All drives.</summary>
    public IReadOnlyList<Drive> Drives => drives;

    private void Add(DriveConfiguration configuration)
    {
        bool floppy = configuration.Kind == DriveKind.Floppy;
        int places = floppy ? 2 : IdePositions;
        HashSet<int> taken = [.. drives.Where(d => (d.Configuration.Kind == DriveKind.Floppy) == floppy).Select(d => d.Index)];
        // QEMU puts the first CD-ROM without a place on the secondary master.
        int[] preferred = configuration.Kind == DriveKind.CdRom ? [2, 3, 1, 0] : [.. Enumerable.Range(0, places)];
        int index = configuration.Index ?? preferred.Where(i => !taken.Contains(i)).DefaultIfEmpty(-1).First();
        if (index < 0) throw new LoaderException($"no room for another drive: the machine takes {places} {(floppy ? "floppies" : "IDE drives")}");
        if (index >= places) throw new LoaderException($"drive index {index} is out of range (0 to {places - 1})");
        if (taken.Contains(index)) throw new LoaderException($"two drives want index {index}");
        string kind = configuration.Kind switch { DriveKind.Disk => "hd", DriveKind.CdRom => "cd", _ => "floppy" };
        string name = configuration.Id ?? (floppy ? $"floppy{index}" : $"ide{index >> 1}-{kind}{index & 1}");
        IBlockBackend? backend = configuration.File == null ? null : Open(configuration);
        IdeDrive? ide = configuration.Kind switch
        {
            DriveKind.Disk => new AtaDisk(
                backend ?? throw new LoaderException("a hard disk needs an image file"), new AtaDiskOptions { Serial = $"EM{index + 1:d5}" }),
            DriveKind.CdRom => new AtapiCdRom(backend),
            _ => null,
        };
        FloppyDrive? diskette = floppy ? new FloppyDrive(medium: backend) : null;
        drives.Add(new Drive(name, configuration, index) { Ide = ide, Floppy = diskette });
    }

    /// <summary>Opens an image as the drive's configuration says.</summary>
    /// <exception cref="DiskImageException">The image cannot be opened.</exception>
    public IBlockBackend Open(DriveConfiguration configuration)
    {
        BlockImage image = DiskImages.Open(configuration.File ?? "", new DiskImageOptions
        {
            Format = configuration.Format ?? (configuration.Kind == DriveKind.Disk ? null : "raw"),
            ReadOnly = configuration.ReadOnly || configuration.Kind == DriveKind.CdRom,
            Snapshot = configuration.Snapshot,
        });
        if (remembers) image = new RewindableImage(image);
        // A diskette is read and written at once, too: its controller asks for one sector after the other, and a busy host takes so long to switch threads
        // for each of a track's that drivers run out of patience.
        IBlockBackend backend = deterministic || configuration.Kind == DriveKind.Floppy ? new DeterministicBlockBackend(image, machine.Clock) : new ThreadedBlockBackend(image, machine.Events.Post);
        backend.Failed += request => ReportFailure(request.Error, "the guest gets an error from its drive");
        return backend;
    }

    /// <summary>What the media of all drives hold now, for <see cref="RestoreContents"/>; only on a machine that remembers its history.</summary>
    internal IReadOnlyList<object> KeepContents() => [.. RewindableImages().Select(image => image.Content)];

    /// <summary>Gives the media their contents of another moment.</summary>
    internal void RestoreContents(IReadOnlyList<object> contents)
    {
        foreach ((RewindableImage image, object content) in RewindableImages().Zip(contents)) image.Content = content;
    }

    /// <summary>The images with all that the guest has written since it was switched on, by drive.</summary>
    /// <exception cref="SnapshotException">A drive writes straight to its image.</exception>
    internal IReadOnlyList<(string Name, BlockImage Overlay)> ChangedImages()
    {
        List<(string, BlockImage)> images = [];
        foreach (Drive drive in drives)
        {
            if ((drive.Ide?.Backend ?? drive.Floppy?.Medium)?.Image is not { IsReadOnly: false } image) continue;
            if (image is not IRevertibleImage) throw new SnapshotException($"drive {drive.Name} is writable and keeps no changes apart: start with -snapshot, or with snapshot=on for this drive");
            images.Add((drive.Name, image));
        }

        return images;
    }

    /// <summary>Ends disk accesses that host threads are busy with.</summary>
    internal void Settle()
    {
        foreach (Drive drive in drives)
        {
            if ((drive.Ide?.Backend ?? drive.Floppy?.Medium) is ThreadedBlockBackend backend) backend.Drain();
        }
    }

    private IEnumerable<RewindableImage> RewindableImages() =>
        drives.Select(d => (d.Ide?.Backend ?? d.Floppy?.Medium)?.Image).OfType<RewindableImage>();

    /// <summary>What CMOS says of the hard disks.</summary>
    internal IReadOnlyList<CmosDisk?> DescribeDisks()
    {
        CmosDisk?[] disks = new CmosDisk?[IdePositions];
        foreach (Drive drive in drives)
        {
            if (drive.Ide is not AtaDisk disk) continue;
            DiskGeometry geometry = disk.Geometry;
            CmosDiskTranslation translation = geometry.Cylinders <= 1024 && geometry.Heads <= 16 && geometry.Sectors <= 63
                ? CmosDiskTranslation.None
                : (long)geometry.Cylinders * geometry.Heads <= 131072 ? CmosDiskTranslation.Large : CmosDiskTranslation.Lba;
            disks[drive.Index] = new CmosDisk(geometry.Cylinders, geometry.Heads, geometry.Sectors, translation);
        }

        return disks;
    }

    /// <summary>Puts the IDE drives on their channels.</summary>
    internal void AttachTo(Piix3Ide controller)
    {
        foreach (Drive drive in drives)
        {
            if (drive.Ide != null) controller.Attach(drive.Index, drive.Ide);
        }
    }

    /// <summary>Puts the floppy drives on their cables.</summary>
    internal void AttachTo(FloppyController controller)
    {
        foreach (Drive drive in drives)
        {
            if (drive.Floppy != null) controller.Attach(drive.Index, drive.Floppy);
        }
    }

    /// <summary>What CMOS says of a floppy drive.</summary>
    internal CmosFloppyType DescribeFloppy(int index) =>
        (CmosFloppyType)(drives.Find(d => d.Floppy != null && d.Index == index)?.Floppy?.Type ?? FloppyDriveType.None);

    /// <summary>Finishes all writes of floppies; their controller closes them.</summary>
    internal void DrainFloppies()
    {
        foreach (Drive drive in drives) Finish(drive, drive.Floppy?.Medium);
    }

    /// <summary>Finishes all writes of IDE drives and closes their images.</summary>
    public void Dispose()
    {
        foreach (Drive drive in drives)
        {
            if (drive.Ide is IDisposable disposable)
            {
                Finish(drive, drive.Ide.Backend);
                disposable.Dispose();
            }
        }

        drives.Clear();
    }

    /// <summary>Carries out what the drive has been asked for, and what it keeps in a cache.</summary>
    private void Finish(Drive drive, IBlockBackend? backend)
    {
        if (backend == null) return;
        backend.Drain();
        if (drive.Configuration.Snapshot || backend.Image.IsReadOnly) return;
        try
        {
            backend.Image.Flush();
        }
        catch (DiskImageException e)
        {
            ReportFailure(e, "the image keeps what the guest last flushed");
        }
    }

    private void ReportFailure(DiskImageException? error, string consequence) => machine.ReportTrouble($"{error?.Message ?? "a drive failed"}; {consequence}");
}

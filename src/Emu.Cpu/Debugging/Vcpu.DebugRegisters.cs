namespace Emu.Cpu;

// Registers that a debugger changes from outside: with the checks the instruction would make, but without its exceptions.
public sealed unsafe partial class Vcpu
{
    /// <summary>The x87 tag word in its full form: two bits a register (SDM Vol. 1 8.1.7).</summary>
    public ushort X87TagWord
    {
        get => X87Unit.FullTags(State);
        set => X87Unit.SetFullTags(State, value);
    }

    /// <summary>CR0, CR2, CR3, CR4 or CR8; null for other numbers.</summary>
    public ulong? TryReadControlRegister(int number) => number is 0 or 2 or 3 or 4 or 8 ? ReadControl(number) : null;

    /// <summary>Writes CR0, CR2, CR3, CR4 or CR8 as MOV does; false where MOV would fault, with nothing changed.</summary>
    public bool TryWriteControlRegister(int number, ulong value) => Attempt(() => WriteControl(number, value));

    /// <summary>Writes one of DR0-DR7 as MOV does; false where MOV would fault, with nothing changed.</summary>
    public bool TryWriteDebugRegister(int number, ulong value) => Attempt(() => WriteDebug(number, value));

    /// <summary>Writes IA32_EFER as WRMSR does; false where WRMSR would fault, with nothing changed.</summary>
    public bool TryWriteEferRegister(ulong value) => Attempt(() =>
    {
        if (!TryWriteEfer(value)) RaiseGeneralProtection();
    });

    /// <summary>
    /// Loads ES, SS, DS, FS, GS, and in real-address or virtual-8086 mode CS as well, as MOV does; false where MOV would fault, and for CS in protected
    /// mode, with nothing changed.
    /// </summary>
    public bool TryLoadSegment(SegmentIndex index, ushort selector)
    {
        if (index > SegmentIndex.Gs || (index == SegmentIndex.Cs && State->IsProtected)) return false;
        return Attempt(() => LoadSegment(index, selector));
    }

    /// <summary>Replaces EFLAGS, reserved bits and VM excepted.</summary>
    public void WriteEflags(uint value)
    {
        State->Eflags = (value & ~Eflags.Vm) | (State->Eflags & Eflags.Vm);
        UpdateMode();
        SignalPendingEvents();
    }

    private bool Attempt(Action write)
    {
        ExceptionInfo before = pendingException;
        bool hadException = hasPendingException;
        bool done = true;
        try
        {
            write();
        }
        catch (GuestException)
        {
            done = false;
        }

        (pendingException, hasPendingException) = (before, hadException);
        UpdateMode();
        return done;
    }
}

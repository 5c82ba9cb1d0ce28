namespace Emu.Cpu;

/// <content>Register access (SDM Vol. 3A tables 10-1 and 10-6).</content>
public sealed partial class LocalApic
{
    /// <summary>A read through the memory window. All ones when the APIC is off or in x2APIC mode.</summary>
    internal uint ReadWindow(uint offset, int size)
    {
        if (!IsEnabled || IsX2apic) return uint.MaxValue;
        uint register = offset & 0xFF0;
        if (!TryRead(register, out uint value))
        {
            ReportError(ApicErrors.IllegalRegister);
            return 0;
        }

        // Only aligned doublewords are defined; narrower reads see the bytes they name.
        int shift = (int)(offset & 0xF) * 8;
        return shift >= 32 ? 0 : value >> shift;
    }

    /// <summary>A write through the memory window: aligned doublewords only.</summary>
    internal void WriteWindow(uint offset, int size, uint value)
    {
        if (!IsEnabled || IsX2apic || (offset & 0xF) != 0 || size != 4) return;
        if (!TryWrite(offset & 0xFF0, value)) ReportError(ApicErrors.IllegalRegister);
    }

    /// <summary>RDMSR 800h-8FFh; false is #GP(0).</summary>
    internal bool TryReadMsr(uint index, out ulong value)
    {
        value = 0;
        uint register = (index & 0xFF) << 4;
        if (!IsX2apic || register is ApicRegister.EndOfInterrupt or ApicRegister.SelfIpi or ApicRegister.DestinationFormat
            or ApicRegister.CommandHigh or ApicRegister.ArbitrationPriority or ApicRegister.RemoteRead)
        {
            return false;
        }

        if (register == ApicRegister.CommandLow)
        {
            value = commandLow | ((ulong)commandHigh << 32);
            return true;
        }

        bool known = TryRead(register, out uint low);
        value = low;
        return known;
    }

    /// <summary>WRMSR 800h-8FFh; false is #GP(0).</summary>
    internal bool TryWriteMsr(uint index, ulong value)
    {
        uint register = (index & 0xFF) << 4;
        if (!IsX2apic || (register != ApicRegister.CommandLow && value >> 32 != 0)) return false;
        uint low = (uint)value;
        switch (register)
        {
            case ApicRegister.CommandLow:
                if ((low & 0xFFF32000) != 0) return false;
                commandHigh = (uint)(value >> 32);
                commandLow = low;
                SendCommand();
                return true;
            case ApicRegister.SelfIpi:
                if (low > 0xFF) return false;
                Accept(new ApicMessage(Id, false, ApicDeliveryMode.Fixed, (byte)low, true, false));
                return true;
            case ApicRegister.EndOfInterrupt or ApicRegister.ErrorStatus when low != 0:
            case ApicRegister.TaskPriority when low > 0xFF:
            case ApicRegister.DivideConfiguration when (low & ~0xBu) != 0:
            case ApicRegister.SpuriousVector when (low & ~0x13FFu) != 0:
            case ApicRegister.Id or ApicRegister.LogicalDestination or ApicRegister.DestinationFormat or ApicRegister.CommandHigh:
                return false;
            default:
                if (TryLvt(register, out Lvt entry) && (low & ~(LvtWritable[(int)entry] | 0x5000)) != 0) return false;
                return TryWrite(register, low);
        }
    }

    private static bool TryLvt(uint register, out Lvt entry)
    {
        switch (register)
        {
            case ApicRegister.LvtCmci:
                entry = Lvt.Cmci;
                return true;
            case >= ApicRegister.LvtTimer and <= ApicRegister.LvtError:
                entry = Lvt.Timer + (int)((register - ApicRegister.LvtTimer) >> 4);
                return true;
            default:
                entry = default;
                return false;
        }
    }

    private bool TryRead(uint register, out uint value)
    {
        if (TryLvt(register, out Lvt entry))
        {
            value = lvt[(int)entry];
            return true;
        }

        uint word = (register >> 4) & 7;
        value = 0;
        switch (register)
        {
            case ApicRegister.Id: value = IsX2apic ? Id : Id << 24; break;
            case ApicRegister.Version: value = VersionValue; break;
            case ApicRegister.TaskPriority: value = taskPriority; break;
            case ApicRegister.ArbitrationPriority or ApicRegister.ProcessorPriority: value = ProcessorPriority; break;
            case ApicRegister.EndOfInterrupt or ApicRegister.RemoteRead: break;
            case ApicRegister.LogicalDestination: value = logicalDestination; break;
            case ApicRegister.DestinationFormat: value = destinationFormat; break;
            case ApicRegister.SpuriousVector: value = spurious; break;
            case >= ApicRegister.InService and < ApicRegister.TriggerMode: value = isr[word]; break;
            case >= ApicRegister.TriggerMode and < ApicRegister.InterruptRequest: value = tmr[word]; break;
            case >= ApicRegister.InterruptRequest and < ApicRegister.ErrorStatus: value = irr[word]; break;
            case ApicRegister.ErrorStatus: value = (uint)errorStatus; break;
            case ApicRegister.CommandLow: value = commandLow; break;
            case ApicRegister.CommandHigh: value = commandHigh; break;
            case ApicRegister.InitialCount: value = initialCount; break;
            case ApicRegister.CurrentCount: value = CurrentCount; break;
            case ApicRegister.DivideConfiguration: value = divideConfiguration; break;
            default: return false;
        }

        return true;
    }

    private bool TryWrite(uint register, uint value)
    {
        if (TryLvt(register, out Lvt entry))
        {
            WriteLvt(entry, value);
            return true;
        }

        switch (register)
        {
            case ApicRegister.TaskPriority:
                TaskPriority = (byte)value;
                return true;
            case ApicRegister.EndOfInterrupt:
                EndOfInterrupt();
                return true;
            case ApicRegister.LogicalDestination:
                logicalDestination = value & 0xFF000000;
                return true;
            case ApicRegister.DestinationFormat:
                destinationFormat = value | 0x0FFFFFFF;
                return true;
            case ApicRegister.SpuriousVector:
                WriteSpurious(value);
                return true;
            case ApicRegister.ErrorStatus:
                // A write of anything latches the errors seen since the last one.
                errorStatus = errorsSeen;
                errorsSeen = ApicErrors.None;
                return true;
            case ApicRegister.CommandLow:
                commandLow = value & ~(1u << 12);
                SendCommand();
                return true;
            case ApicRegister.CommandHigh:
                commandHigh = value & 0xFF000000;
                return true;
            case ApicRegister.InitialCount:
                WriteInitialCount(value);
                return true;
            case ApicRegister.DivideConfiguration:
                WriteDivideConfiguration(value);
                return true;
            case ApicRegister.Id:
                // Set by the board; read-only in every processor of this century.
                return true;
            default:
                // Read-only and undefined registers.
                return false;
        }
    }

    /// <summary>Writes everything a snapshot needs.</summary>
    internal void SaveState(BinaryWriter writer)
    {
        writer.Write(baseMsr);
        writer.Write(taskPriority);
        foreach (uint[] bits in (uint[][])[isr, tmr, irr, lvt])
        {
            foreach (uint word in bits) writer.Write(word);
        }

        foreach (uint word in (uint[])[logicalDestination, destinationFormat, spurious, commandLow, commandHigh, (uint)errorStatus,
            (uint)errorsSeen, initialCount, divideConfiguration])
        {
            writer.Write(word);
        }

        writer.Write(externalInterrupt);
        writer.Write(pins[0]);
        writer.Write(pins[1]);
        writer.Write(counted);
        writer.Write(countStart);
        writer.Write(tscDeadline);
    }

    /// <summary>Reads what <see cref="SaveState"/> wrote; the clock must already have its saved time.</summary>
    internal void LoadState(BinaryReader reader)
    {
        baseMsr = reader.ReadUInt64();
        taskPriority = reader.ReadByte();
        foreach (uint[] bits in (uint[][])[isr, tmr, irr, lvt])
        {
            for (int i = 0; i < bits.Length; i++) bits[i] = reader.ReadUInt32();
        }

        logicalDestination = reader.ReadUInt32();
        destinationFormat = reader.ReadUInt32();
        spurious = reader.ReadUInt32();
        commandLow = reader.ReadUInt32();
        commandHigh = reader.ReadUInt32();
        errorStatus = (ApicErrors)reader.ReadUInt32();
        errorsSeen = (ApicErrors)reader.ReadUInt32();
        initialCount = reader.ReadUInt32();
        divideConfiguration = reader.ReadUInt32();
        externalInterrupt = reader.ReadBoolean();
        pins[0] = reader.ReadBoolean();
        pins[1] = reader.ReadBoolean();
        counted = reader.ReadBoolean();
        countStart = reader.ReadInt64();
        tscDeadline = reader.ReadUInt64();
        ArmTimer();
        UpdateRequest();
        BaseChanged?.Invoke(this);
    }
}

using System.Text.Json;
using Emu.Conformance.Cases;
using Emu.Cpu;

namespace Emu.Conformance.States;

/// <summary>Whether a state test makes sense, before it runs.</summary>
internal static unsafe class StateTestChecks
{
    private const uint InitialFlags = Eflags.Defined & ~(Eflags.Vm | Eflags.Vif | Eflags.Vip) | Eflags.Reserved1;
    private const uint MxcsrMask = 0xFFFF;

    /// <summary>Checks everything that can be checked without running the test.</summary>
    /// <exception cref="StateTestException">Something is wrong; the message does not name the test.</exception>
    public static void Check(StateTest test)
    {
        Known("a test", test.Unknown, "name, mode, cpl, code, address, memory, registers, expect, maxInstructions");
        Known("'expect'", test.Expect.Unknown, "registers, flagsMask, memory, exception, errorCode");
        if (test.Mode is not (16 or 32 or 64)) throw new StateTestException("mode must be 16, 32 or 64");
        if (test.Cpl is not (0 or 3)) throw new StateTestException("cpl must be 0 or 3");
        if (StateNumbers.Bytes(test.Code, "code").Length == 0) throw new StateTestException("there is no code");
        if (test.MaxInstructions < 1) throw new StateTestException("maxInstructions must be at least 1");
        var map = new StateMemoryMap(test);
        MachineState state = Initial(test);
        CheckExpectations(test.Expect, map, &state);
    }

    /// <summary>The state a test begins with.</summary>
    /// <exception cref="StateTestException">A register cannot have the value it is given.</exception>
    public static MachineState Initial(StateTest test)
    {
        bool user = test.Cpl == 3;
        MachineState state = default;
        state.Rip = StateNumbers.Parse64(test.Address, "address");
        state.Rflags = 0x202;
        state.Fcw = 0x37F;
        state.Mxcsr = 0x1F80;
        if (test.Mode != 16)
        {
            state.Segments[1] = test.Mode == 64 ? user ? TestMap.UserCode64 : (ushort)0x10 : user ? TestMap.UserCode32 : (ushort)0x08;
            foreach (int i in (int[])[0, 2, 3, 4, 5]) state.Segments[i] = user ? TestMap.UserData : (ushort)0x18;
        }
        MachineState before = state;
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        // The status word decides which register ST(i) is: it comes first.
        foreach ((string name, string value) in test.Registers.OrderBy(r => r.Key.Equals("fsw", StringComparison.OrdinalIgnoreCase) ? 0 : 1))
        {
            if (!seen.Add(name)) throw new StateTestException($"register {name} is there twice");
            RegisterFile.Write(&state, name, value);
        }
        CheckRegisters(test, &before, &state);
        // FLDCW and FLDENV do the same with what they load (SDM Vol. 1 8.1.3, 8.1.5).
        state.Fcw = (ushort)(state.Fcw & 0x1F3F | 0x40);
        bool error = (state.Fsw & ~state.Fcw & 0x3F) != 0;
        state.Fsw = (ushort)(error ? state.Fsw | 0x8080 : state.Fsw & ~0x8080);
        return state;
    }

    // What no instruction could have put there.
    private static void CheckRegisters(StateTest test, MachineState* before, MachineState* state)
    {
        if (((uint)state->Rflags & ~InitialFlags) != 0) throw new StateTestException($"rflags {state->Rflags:X}: only bits of {InitialFlags:X} can be set");
        state->Rflags |= Eflags.Reserved1;
        if ((state->Mxcsr & ~MxcsrMask) != 0) throw new StateTestException($"mxcsr {state->Mxcsr:X}: bits above 15 are reserved");
        ulong limit = test.Mode switch { 16 => 1UL << 16, 32 => 1UL << 32, _ => ulong.MaxValue };
        if (state->Rip >= limit) throw new StateTestException($"rip {state->Rip:X} is beyond what {test.Mode}-bit code can reach");
        if (test.Mode != 64 && (state->FsBase | state->GsBase) != 0) throw new StateTestException("fsbase and gsbase are registers of 64-bit mode");
        if (!IsCanonical(state->FsBase) || !IsCanonical(state->GsBase)) throw new StateTestException("fsbase and gsbase must be canonical addresses");
        if (test.Mode == 16) return;
        for (int i = 0; i < 6; i++)
        {
            ushort selector = state->Segments[i], usual = before->Segments[i];
            if (selector == usual || i is not (1 or 2) && selector == 0) continue;
            throw new StateTestException($"{RegisterFile.SegmentName(i)} {selector:X}: in mode {test.Mode} at CPL {test.Cpl} it is {usual:X}{(i is 1 or 2 ? "" : " or 0")}");
        }
    }

    private static void CheckExpectations(StateExpectation expect, StateMemoryMap map, MachineState* state)
    {
        if (expect.Exception is < 0 or > 255) throw new StateTestException("expect.exception is a vector from 0 to 255");
        if (expect.ErrorCode is { } code)
        {
            _ = StateNumbers.Parse32(code, "expect.errorCode");
            if (expect.Exception is null) throw new StateTestException("expect.errorCode needs expect.exception");
        }
        _ = StateNumbers.Parse32(expect.FlagsMask, "expect.flagsMask");
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, string value) in expect.Registers)
        {
            if (!seen.Add(name)) throw new StateTestException($"expected register {name} is there twice");
            _ = RegisterFile.Parse(name, value);
            _ = RegisterFile.Read(state, name);
        }
        foreach (StateMemory? region in expect.Memory)
        {
            if (region is null) throw new StateTestException("expect.memory holds something that is not an object");
            Known("expected memory", region.Unknown, "address, data");
            (ulong address, byte[] data) = StateMemoryMap.Contents(region, "expected memory");
            if (data.Length == 0) throw new StateTestException($"expected memory at {address:X}: there is no data");
            for (int i = 0; i < data.Length; i++)
            {
                if (!map.Contains(address + (ulong)i)) throw new StateTestException($"expected memory at {address + (ulong)i:X} is in no region");
            }
        }
    }

    /// <summary>Refuses members the format does not have.</summary>
    public static void Known(string what, Dictionary<string, JsonElement>? unknown, string members)
    {
        if (unknown is { Count: > 0 }) throw new StateTestException($"{what} has no member '{unknown.Keys.First()}', only {members}");
    }

    private static bool IsCanonical(ulong address) => (ulong)((long)address << 16 >> 16) == address;
}

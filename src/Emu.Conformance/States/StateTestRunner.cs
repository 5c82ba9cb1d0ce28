using Emu.Conformance.Cases;
using Emu.Conformance.Comparison;
using Emu.Conformance.Emulated;
using Emu.Cpu;

namespace Emu.Conformance.States;

/// <summary>The result of one state test.</summary>
/// <param name="Name">The test.</param>
/// <param name="Failures">What is not as expected; empty when it passed.</param>
/// <param name="Instructions">Instructions executed.</param>
public sealed record StateTestResult(string Name, IReadOnlyList<string> Failures, ulong Instructions);

/// <summary>Runs state tests on an emulated processor without any guest software.</summary>
public static unsafe class StateTestRunner
{
    private const byte Hlt = 0xF4;
    private const byte GeneralProtection = 13;
    private const int PageSize = 4096;

    /// <summary>Runs one test on a processor of a model with an engine.</summary>
    /// <exception cref="StateTestException">The test makes no sense; <see cref="StateTestReader"/> refuses such tests.</exception>
    public static StateTestResult Run(StateTest test, CpuModel model, ExecutionEngine engine) => test.Mode == 16 ? RunReal(test, model, engine) : RunLong(test, model, engine);

    private static StateTestResult RunLong(StateTest test, CpuModel model, ExecutionEngine engine)
    {
        var map = new StateMemoryMap(test);
        MachineState state = StateTestChecks.Initial(test);
        using var machine = new EmulatedMachine(model, map.Pages, TestSegments.All, ownStack: true);
        using IDisposable? attached = engine.Attach(machine.Cpu);
        foreach ((ulong address, byte[] data) in map.Data) Write(machine.Write, address, data);
        Write(machine.Write, map.Code.Address, map.Code.Bytes);
        machine.Load(&state, (byte)test.Cpl, longBases: test.Mode == 64);
        ulong start = machine.Cpu.InstructionCount;
        machine.Cpu.Run(test.MaxInstructions);

        machine.Store(&state);
        byte? vector = machine.DeliveredVector;
        uint errorCode = vector is { } v ? machine.LoadFrame(&state, v) : 0;
        // HLT of user mode is the end, too: it raises #GP(0).
        bool isHlt = vector == GeneralProtection && errorCode == 0 && map.Contains(state.Rip) && *machine.Host(state.Rip) == Hlt;
        bool halted = isHlt || (vector is null && machine.Cpu.State->Activity == ActivityState.Halted);
        if (isHlt)
        {
            vector = null;
            state.Rip++;
        }
        List<string> failures = Compare(test, &state, vector, errorCode, halted, address => machine.Host(address));
        return new StateTestResult(test.Name, failures, machine.Cpu.InstructionCount - start);
    }

    private static StateTestResult RunReal(StateTest test, CpuModel model, ExecutionEngine engine)
    {
        var map = new StateMemoryMap(test);
        MachineState state = StateTestChecks.Initial(test);
        using var machine = new RealModeMachine(model);
        using IDisposable? attached = engine.Attach(machine.Cpu);
        foreach ((ulong address, byte[] data) in map.Data) machine.Write(address, data);
        machine.Write(map.Code.Address, map.Code.Bytes);
        machine.Load(&state);
        ulong start = machine.Cpu.InstructionCount;
        machine.Cpu.Run(test.MaxInstructions);

        machine.Store(&state);
        byte? vector = machine.DeliveredVector;
        if (vector is not null) machine.LoadFrame(&state);
        bool halted = vector is null && machine.Cpu.State->Activity == ActivityState.Halted;
        List<string> failures = Compare(test, &state, vector, 0, halted, address => machine.Host(address));
        return new StateTestResult(test.Name, failures, machine.Cpu.InstructionCount - start);
    }

    private delegate void Writer(ulong address, ReadOnlySpan<byte> bytes);

    private delegate byte* Locator(ulong address);

    // Pages of a test may lie anywhere in physical memory.
    private static void Write(Writer write, ulong address, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            int part = Math.Min(bytes.Length, PageSize - (int)(address & (PageSize - 1)));
            write(address, bytes[..part]);
            address += (ulong)part;
            bytes = bytes[part..];
        }
    }

    private static List<string> Compare(StateTest test, MachineState* state, byte? vector, uint errorCode, bool halted, Locator host)
    {
        var failures = new List<string>();
        CheckEnd(test, vector, errorCode, halted, state->Rip, failures);
        CheckRegisters(test, state, failures);
        foreach (StateMemory region in test.Expect.Memory) CheckMemory(region, host, failures);
        return failures;
    }

    private static void CheckEnd(StateTest test, byte? vector, uint errorCode, bool halted, ulong rip, List<string> failures)
    {
        if (test.Expect.Exception is { } expected)
        {
            string wanted = VectorNames.Of((uint)expected);
            if (vector is null && halted) failures.Add($"ended without exception, expected {wanted}");
            else if (vector is null) failures.Add($"did not raise {wanted} in {test.MaxInstructions} instructions (RIP {rip:X})");
            else if (vector != expected) failures.Add($"raised {VectorNames.Of(vector.Value)} at {rip:X}, expected {wanted}");
            else if (test.Expect.ErrorCode is { } code && StateNumbers.Parse32(code, "errorCode") != errorCode)
                failures.Add($"error code is {errorCode:X}, expected {StateNumbers.Parse32(code, "errorCode"):X}");
            return;
        }
        if (vector is { } raised) failures.Add($"raised {VectorNames.Of(raised)}{(ExceptionVector.HasErrorCode(raised) && test.Mode != 16 ? $" (error code {errorCode:X})" : "")} at {rip:X}");
        else if (!halted) failures.Add($"did not reach HLT in {test.MaxInstructions} instructions (RIP {rip:X})");
    }

    private static void CheckRegisters(StateTest test, MachineState* state, List<string> failures)
    {
        foreach ((string name, string text) in test.Expect.Registers)
        {
            byte[] actual = RegisterFile.Read(state, name), expected = RegisterFile.Parse(name, text);
            if (name.ToLowerInvariant() is "rflags" or "eflags" or "flags")
            {
                uint mask = StateNumbers.Parse32(test.Expect.FlagsMask, "flagsMask") & ~Eflags.Rf; // RF is not the test's
                uint have = BitConverter.ToUInt32(actual) & mask, want = BitConverter.ToUInt32(expected) & mask;
                if (have != want) failures.Add($"{name} is {FlagNames.Values(have)}, expected {FlagNames.Values(want)}");
                continue;
            }
            if (!actual.AsSpan().SequenceEqual(expected)) failures.Add($"{name} is {Hex(actual)}, expected {Hex(expected)}");
        }
    }

    private static void CheckMemory(StateMemory region, Locator host, List<string> failures)
    {
        (ulong address, byte[] expected) = StateMemoryMap.Contents(region, "expected memory");
        for (int i = 0; i < expected.Length; i++)
        {
            byte actual = *host(address + (ulong)i);
            if (actual == expected[i]) continue;
            failures.Add($"memory at {address + (ulong)i:X} is {actual:X2}, expected {expected[i]:X2}");
            return;
        }
    }

    private static string Hex(byte[] value) => "0x" + Convert.ToHexString([.. value.Reverse()]);
}

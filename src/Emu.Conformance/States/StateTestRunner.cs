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
    private const ulong PageMask = 0xFFF;

    /// <summary>Runs one test.</summary>
    /// <exception cref="StateTestException">The test makes no sense.</exception>
    public static StateTestResult Run(StateTest test, CpuModel model) => test.Mode switch
    {
        16 => RunReal(test, model),
        32 or 64 => RunLong(test, model),
        _ => throw new StateTestException($"{test.Name}: mode must be 16, 32 or 64"),
    };

    private static StateTestResult RunLong(StateTest test, CpuModel model)
    {
        if (test.Cpl is not (0 or 3)) throw new StateTestException($"{test.Name}: cpl must be 0 or 3");
        byte[] code = StateTestReader.Bytes(test.Code, $"{test.Name}: code");
        ulong address = Address(test.Address, test);
        List<MappedPages> pages = Pages(test, address, code.Length);
        using var machine = new EmulatedMachine(model, pages, TestSegments.All, ownStack: true);
        foreach (StateMemory region in test.Memory) Fill(region.Data, Address(region.Address, test), test, machine.Write, pages);
        machine.Write(address, code);

        MachineState state = Initial(address);
        bool user = test.Cpl == 3;
        state.Segments[1] = test.Mode == 64 ? user ? TestMap.UserCode64 : (ushort)0x10 : user ? TestMap.UserCode32 : (ushort)0x08;
        foreach (int i in (int[])[0, 2, 3, 4, 5]) state.Segments[i] = user ? TestMap.UserData : (ushort)0x18;
        SetRegisters(test, &state);
        machine.Load(&state, (byte)test.Cpl, longBases: test.Mode == 64);
        ulong start = machine.Cpu.InstructionCount;
        machine.Cpu.Run(test.MaxInstructions);

        var failures = new List<string>();
        machine.Store(&state);
        byte? vector = machine.DeliveredVector;
        uint errorCode = vector is { } v ? machine.LoadFrame(&state, v) : 0;
        // HLT of user mode is the end, too: it raises #GP(0).
        bool isHlt = vector == GeneralProtection && errorCode == 0 && IsMapped(pages, state.Rip) && *machine.Host(state.Rip) == Hlt;
        bool halted = isHlt || (vector is null && machine.Cpu.State->Activity == ActivityState.Halted);
        if (isHlt)
        {
            vector = null;
            state.Rip++;
        }
        CheckEnd(test, vector, errorCode, halted, state.Rip, failures);
        CheckRegisters(test, &state, failures);
        foreach (StateMemory region in test.Expect.Memory)
            CheckMemory(region, test, (at, size) => IsMapped(pages, at) && IsMapped(pages, at + (ulong)size - 1) ? (nint)machine.Host(at) : 0, failures);
        return new StateTestResult(test.Name, failures, machine.Cpu.InstructionCount - start);
    }

    private static StateTestResult RunReal(StateTest test, CpuModel model)
    {
        byte[] code = StateTestReader.Bytes(test.Code, $"{test.Name}: code");
        ulong address = Address(test.Address, test);
        if (address + (ulong)code.Length > 0x1_0000) throw new StateTestException($"{test.Name}: real-mode code must lie in the first 64 KiB");
        using var machine = new RealModeMachine(model);
        foreach (StateMemory region in test.Memory) Fill(region.Data, Address(region.Address, test), test, machine.Write, null);
        machine.Write(address, code);
        MachineState state = Initial(address);
        SetRegisters(test, &state);
        machine.Load(&state);
        ulong start = machine.Cpu.InstructionCount;
        machine.Cpu.Run(test.MaxInstructions);

        var failures = new List<string>();
        machine.Store(&state);
        byte? vector = machine.DeliveredVector;
        CheckEnd(test, vector, 0, vector is null && machine.Cpu.State->Activity == ActivityState.Halted, state.Rip, failures);
        CheckRegisters(test, &state, failures);
        foreach (StateMemory region in test.Expect.Memory)
            CheckMemory(region, test, (at, size) => at + (ulong)size <= RealModeMachine.MemorySize ? (nint)machine.Host(at) : 0, failures);
        return new StateTestResult(test.Name, failures, machine.Cpu.InstructionCount - start);
    }

    // Pages get the rights of all regions on them. Code outside every region gets pages of its own.
    private static List<MappedPages> Pages(StateTest test, ulong codeAddress, int codeLength)
    {
        var access = new SortedDictionary<ulong, (bool Write, bool Execute)>();
        foreach (StateMemory region in test.Memory)
        {
            string where = $"{test.Name}: memory at {region.Address}";
            if (region.Access.Any(c => c is not ('r' or 'w' or 'x'))) throw new StateTestException($"{where}: access is made of r, w and x");
            long size = Math.Max(region.Size, StateTestReader.Bytes(region.Data, where).Length);
            if (size is <= 0 or > 1 << 28) throw new StateTestException($"{where}: the size must be 1 byte to 256 MiB");
            Add(Address(region.Address, test), (ulong)size, region.Access.Contains('w'), region.Access.Contains('x'));
        }
        ulong end = codeAddress + (ulong)Math.Max(codeLength, 1) - 1;
        if (!access.ContainsKey(codeAddress & ~PageMask) || !access.ContainsKey(end & ~PageMask)) Add(codeAddress, (ulong)Math.Max(codeLength, 1), false, true);
        return [.. access.Select(a => new MappedPages(a.Key, PageMask + 1, a.Value.Write, a.Value.Execute))];

        void Add(ulong address, ulong size, bool write, bool execute)
        {
            ulong limit = test.Mode == 64 ? 1UL << 47 : 1UL << 32;
            if (address >= limit || size > limit - address) throw new StateTestException($"{test.Name}: memory at {address:X} is outside the address space");
            for (ulong page = address & ~PageMask; page < address + size; page += PageMask + 1)
            {
                (bool w, bool x) = access.GetValueOrDefault(page);
                access[page] = (w || write, x || execute);
            }
        }
    }

    private static bool IsMapped(List<MappedPages> pages, ulong address) => pages.Any(p => address - p.Address < p.Size);

    private delegate void Writer(ulong address, ReadOnlySpan<byte> bytes);

    private static void Fill(string data, ulong address, StateTest test, Writer write, List<MappedPages>? pages)
    {
        byte[] bytes = StateTestReader.Bytes(data, $"{test.Name}: memory at {address:X}");
        if (pages is null && address + (ulong)bytes.Length > RealModeMachine.Reserved && address < RealModeMachine.Reserved + 0x1000)
            throw new StateTestException($"{test.Name}: the page at {RealModeMachine.Reserved:X} is reserved in real mode");
        if (pages is null && address + (ulong)bytes.Length > RealModeMachine.MemorySize) throw new StateTestException($"{test.Name}: memory at {address:X} is outside the address space");
        for (int done = 0; done < bytes.Length;)
        {
            int part = (int)Math.Min((ulong)(bytes.Length - done), PageMask + 1 - (address + (ulong)done & PageMask));
            write(address + (ulong)done, bytes.AsSpan(done, part));
            done += part;
        }
    }

    private static MachineState Initial(ulong address)
    {
        MachineState state = default;
        state.Rip = address;
        state.Rflags = 0x202;
        state.Fcw = 0x37F;
        state.Mxcsr = 0x1F80;
        return state;
    }

    private static void SetRegisters(StateTest test, MachineState* state)
    {
        // The status word decides which register ST(i) is: it comes first.
        foreach ((string name, string value) in test.Registers.OrderBy(r => r.Key.Equals("fsw", StringComparison.OrdinalIgnoreCase) ? 0 : 1))
            RegisterFile.Write(state, Normalize(name), value, $"{test.Name}: register {name}");
    }

    private static void CheckEnd(StateTest test, byte? vector, uint errorCode, bool halted, ulong rip, List<string> failures)
    {
        if (test.Expect.Exception is { } expected)
        {
            if (vector is null) failures.Add($"ended without exception, expected {VectorNames.Of((uint)expected)}");
            else if (vector != expected) failures.Add($"raised {VectorNames.Of(vector.Value)} at {rip:X}, expected {VectorNames.Of((uint)expected)}");
            else if (test.Expect.ErrorCode is { } code && (uint)StateTestReader.Number(code, $"{test.Name}: errorCode") != errorCode)
                failures.Add($"error code is {errorCode:X}, expected {code}");
            return;
        }
        if (vector is { } raised) failures.Add($"raised {VectorNames.Of(raised)} (error code {errorCode:X}) at {rip:X}");
        else if (!halted) failures.Add($"did not reach HLT in {test.MaxInstructions} instructions (RIP {rip:X})");
    }

    private static void CheckRegisters(StateTest test, MachineState* state, List<string> failures)
    {
        foreach ((string name, string text) in test.Expect.Registers)
        {
            string register = Normalize(name);
            byte[] actual = RegisterFile.Read(state, register), expected = RegisterFile.Parse(text, register, $"{test.Name}: register {name}")[..actual.Length];
            if (register is "rflags" or "eflags" or "flags")
            {
                uint mask = (uint)StateTestReader.Number(test.Expect.FlagsMask, $"{test.Name}: flagsMask") & ~(1u << 16); // RF is not the test's
                uint have = BitConverter.ToUInt32(actual) & mask, want = BitConverter.ToUInt32(expected) & mask;
                if (have != want) failures.Add($"{name} is {FlagNames.Values(have)}, expected {FlagNames.Values(want)}");
                continue;
            }
            if (!actual.AsSpan().SequenceEqual(expected)) failures.Add($"{name} is {Hex(actual)}, expected {Hex(expected)}");
        }
    }

    private static void CheckMemory(StateMemory region, StateTest test, Func<ulong, int, nint> locate, List<string> failures)
    {
        ulong address = Address(region.Address, test);
        byte[] expected = StateTestReader.Bytes(region.Data, $"{test.Name}: expected memory at {region.Address}");
        for (int i = 0; i < expected.Length; i++)
        {
            nint host = locate(address + (ulong)i, 1);
            if (host == 0) throw new StateTestException($"{test.Name}: expected memory at {address + (ulong)i:X} is in no region");
            if (*(byte*)host == expected[i]) continue;
            failures.Add($"memory at {address + (ulong)i:X} is {*(byte*)host:X2}, expected {expected[i]:X2}");
            return;
        }
    }

    private static ulong Address(string text, StateTest test) => (ulong)StateTestReader.Number(text, $"{test.Name}: address");

    private static string Normalize(string name) => name.ToLowerInvariant();

    private static string Hex(byte[] value) => "0x" + Convert.ToHexString([.. value.Reverse()]);
}

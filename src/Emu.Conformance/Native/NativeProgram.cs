using Emu.Conformance.Cases;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Conformance.Native;

/// <summary>
/// The machine code of the native runner: a static program without a C library that takes batches of cases from shared
/// memory, runs each on the host processor, and stores the state after it.
/// </summary>
/// <remarks>
/// <para>
/// It lives above 4 GiB, so that 16- and 32-bit code under test sees only <see cref="TestMap"/>. A case is entered by IRETQ, which loads
/// RIP, CS, RFLAGS, RSP and SS at once and so reaches 64-, 32- and 16-bit segments alike. It is left by a jump behind the tested
/// code into the landing page (far, to the 64-bit segment, from 16- and 32-bit code), or by a signal.
/// </para>
/// <para>
/// Signal handlers never return: the state is taken from the signal frame, and the next case starts. Linux delivers to a
/// 64-bit handler from any code segment and keeps CS, SS, the trap number, the error code and CR2 in the frame's mcontext
/// (arch/x86/include/uapi/asm/sigcontext.h).
/// </para>
/// </remarks>
internal sealed class NativeProgram
{
    /// <summary>Where the program and its variables are linked: where no edge value points.</summary>
    public const ulong TextBase = 0x1A5B_3C70_0000, DataBase = TextBase + 0x10_0000, DataSize = 0x2_0000;

    /// <summary>Where the shared memory is mapped.</summary>
    public const ulong SharedBase = 0x1A6C_4D80_0000;

    /// <summary>Layout of the shared memory's first page.</summary>
    public const int CurrentOffset = 0, CountOffset = 8, LdtCountOffset = 16, FailedStepOffset = 24, LdtOffset = 64, HeaderSize = 4096;

    // Variables in the data segment.
    private const ulong InputPointer = DataBase, ResultPointer = DataBase + 8, SavedRax = DataBase + 16, PipeByte = DataBase + 24,
        SignalAction = DataBase + 64, AlternateStack = DataBase + 128, HandlerStack = DataBase + 0x1_0000, SafeStackTop = DataBase + 0x8000;
    private const int HandlerStackSize = 0x1_0000;

    // The IRETQ frame is built here, so that bits 31:16 of RSP are known where SS has a 16-bit stack pointer.
    private const uint FramePage = (uint)TestMap.EspHigh16, FrameTop = FramePage + 0x800;

    // Linux system call numbers (arch/x86/entry/syscalls/syscall_64.tbl) and constants.
    private const int SysRead = 0, SysWrite = 1, SysOpen = 2, SysMmap = 9, SysMprotect = 10, SysSigaction = 13, SysSigreturn = 15,
        SysExit = 60, SysSigaltstack = 131, SysModifyLdt = 154;
    private const int ProtRead = 1, ProtWrite = 2, ProtExec = 4, MapShared = 1, MapPrivate = 2, MapFixed = 0x10, MapAnonymous = 0x20;
    private const uint SaSiginfo = 4, SaOnStack = 0x0800_0000, SaNoDefer = 0x4000_0000, SaRestorer = 0x0400_0000;
    private static readonly int[] Signals = [4, 5, 7, 8, 11]; // SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV

    // From an address in the code pages to its writable alias.
    private ulong CodeAlias => SharedBase + (ulong)CodeOffset(_slots);

    private readonly Assembler _a = new(64);
    private readonly uint _xsaveMask;
    private readonly bool _fsGsBase;
    private readonly int _slots;
    private Label _fail; // rax is used for absolute addresses: only its moves have 64-bit ones

    private NativeProgram(int slots, uint xsaveMask, bool fsGsBase)
    {
        _slots = slots;
        _xsaveMask = xsaveMask;
        _fsGsBase = fsGsBase;
        _fail = _a.CreateLabel();
    }

    /// <summary>Bytes of shared memory for <paramref name="slots"/> cases.</summary>
    public static long SharedSize(int slots) => CodeOffset(slots) + TestMap.CodeSize;

    // The code pages are shared too: the runner writes them through this alias, the tested code cannot.
    private static long CodeOffset(int slots) => HeaderSize + (long)slots * CaseInput.SizeInBytes * 2;

    /// <summary>Assembles the program.</summary>
    /// <param name="slots">Cases a batch can hold.</param>
    /// <param name="xsaveMask">State components the host has, of x87, SSE and AVX (bits 0-2).</param>
    /// <param name="fsGsBase">Whether user mode may execute WRFSBASE.</param>
    public static byte[] Assemble(int slots, uint xsaveMask, bool fsGsBase) => new NativeProgram(slots, xsaveMask, fsGsBase).Build();

    private byte[] Build()
    {
        var waitForBatch = _a.CreateLabel();
        var nextCase = _a.CreateLabel();
        var finish = _a.CreateLabel();
        var exit = _a.CreateLabel();
        var epilogue = _a.CreateLabel();
        var handler = _a.CreateLabel();
        var restorer = _a.CreateLabel();

        EmitStartup(epilogue, handler, restorer);

        _a.Label(ref waitForBatch);
        foreach (int system in (int[])[SysWrite, SysRead])
        {
            _a.mov(eax, system);
            _a.mov(edi, system == SysWrite ? 1 : 0);
            _a.mov(rsi, PipeByte);
            _a.mov(edx, 1);
            _a.syscall();
            _a.cmp(rax, 1);
            _a.jne(exit);
        }

        EmitCaseEntry(ref nextCase, waitForBatch);
        EmitEpilogue(ref epilogue, finish);
        EmitHandler(ref handler);
        EmitFinish(ref finish, nextCase);

        _a.Label(ref restorer);
        _a.mov(eax, SysSigreturn);
        _a.syscall();

        _a.Label(ref _fail);
        _a.mov(rax, SharedBase + FailedStepOffset);
        _a.mov(__qword_ptr[rax], r15);
        _a.Label(ref exit);
        _a.mov(eax, SysExit);
        _a.xor(edi, edi);
        _a.syscall();
        _a.hlt();

        var stream = new MemoryStream();
        _a.Assemble(new StreamCodeWriter(stream), TextBase);
        return stream.ToArray();
    }

    // r15 numbers the steps, for a message that says which one failed.
    private void Syscall(int number, ulong rdiValue, ulong rsiValue, ulong rdxValue, ulong r10Value = 0, ulong? r8Value = null, ulong r9Value = 0)
    {
        _a.mov(eax, number);
        _a.mov(rdi, rdiValue);
        _a.mov(rsi, rsiValue);
        _a.mov(rdx, rdxValue);
        _a.mov(r10, r10Value);
        if (r8Value is { } value) _a.mov(r8, value);
        _a.mov(r9, r9Value);
        _a.syscall();
        _a.inc(r15);
        _a.test(rax, rax);
        _a.js(_fail);
    }

    private void MapAnonymousPages(ulong address, ulong size, int protection) =>
        Syscall(SysMmap, address, size, (ulong)protection, MapPrivate | MapAnonymous | MapFixed, ulong.MaxValue);

    private void EmitStartup(Label epilogue, Label handler, Label restorer)
    {
        _a.xor(r15d, r15d);
        _a.mov(eax, SysOpen);
        _a.mov(rdi, __qword_ptr[rsp + 16]); // argv[1]
        _a.mov(esi, 2); // O_RDWR
        _a.xor(edx, edx);
        _a.syscall();
        _a.mov(r14, rax);
        _a.mov(r8, rax);
        Syscall(SysMmap, SharedBase, (ulong)SharedSize(_slots), ProtRead | ProtWrite, MapShared | MapFixed);

        _a.mov(r8, r14);
        Syscall(SysMmap, TestMap.CodeBase, TestMap.CodeSize, ProtRead | ProtExec, MapShared | MapFixed, null, (ulong)CodeOffset(_slots));
        MapAnonymousPages(TestMap.LandingBase, TestMap.LandingSize, ProtRead | ProtWrite);
        MapAnonymousPages(FramePage, 0x1000, ProtRead | ProtWrite);
        MapAnonymousPages(TestMap.ReadWriteBase, TestMap.ReadWriteSize, ProtRead | ProtWrite);
        MapAnonymousPages(TestMap.ReadOnlyBase, TestMap.ReadOnlySize, ProtRead);

        _a.mov(rdi, CodeAlias);
        _a.mov(ecx, TestMap.CodeSize);
        _a.mov(al, 0xCC);
        _a.rep.stosb();
        _a.mov(eax, TestMap.ReadOnlyBase);
        _a.mov(eax, __dword_ptr[rax]); // makes the page present: writes to it shall fault as protection violations

        // Landing page: jmp qword ptr [rip + 2], and the aligned address of the epilogue (EFLAGS.AC may be set).
        _a.mov(edi, TestMap.LandingBase);
        _a.mov(rax, 0x0000_0002_25FFUL);
        _a.mov(__qword_ptr[rdi], rax);
        _a.lea(rax, __[epilogue]);
        _a.mov(__qword_ptr[rdi + 8], rax);
        Syscall(SysMprotect, TestMap.LandingBase, TestMap.LandingSize, ProtRead | ProtExec);

        // stack_t: pointer, flags, size.
        _a.mov(rax, HandlerStack);
        _a.mov(__qword_ptr[AlternateStack], rax);
        _a.mov(eax, HandlerStackSize);
        _a.mov(__qword_ptr[AlternateStack + 16], rax);
        Syscall(SysSigaltstack, AlternateStack, 0, 0);

        // struct sigaction of the kernel: handler, flags, restorer, mask.
        _a.lea(rax, __[handler]);
        _a.mov(__qword_ptr[SignalAction], rax);
        _a.mov(eax, SaSiginfo | SaOnStack | SaNoDefer | SaRestorer);
        _a.mov(__qword_ptr[SignalAction + 8], rax);
        _a.lea(rax, __[restorer]);
        _a.mov(__qword_ptr[SignalAction + 16], rax);
        foreach (int signal in Signals) Syscall(SysSigaction, (ulong)signal, SignalAction, 0, 8);

        // LDT entries the host prepared as struct user_desc.
        var ldtLoop = _a.CreateLabel();
        var ldtDone = _a.CreateLabel();
        _a.mov(r12, SharedBase);
        _a.mov(r13, __qword_ptr[r12 + LdtCountOffset]);
        _a.add(r12, LdtOffset);
        _a.Label(ref ldtLoop);
        _a.test(r13, r13);
        _a.je(ldtDone);
        _a.mov(eax, SysModifyLdt);
        _a.mov(edi, 0x11);
        _a.mov(rsi, r12);
        _a.mov(edx, 16);
        _a.syscall();
        _a.test(eax, eax);
        _a.js(ldtDone); // whether the segments are there is found out by loading them: see HostModes
        _a.add(r12, 16);
        _a.dec(r13);
        _a.jmp(ldtLoop);
        _a.Label(ref ldtDone);
        _a.nop(); // an instruction of its own: the assembler takes one label each
    }

    private void EmitCaseEntry(ref Label nextCase, Label waitForBatch)
    {
        _a.Label(ref nextCase);
        _a.mov(rsp, SafeStackTop);
        _a.mov(rbp, SharedBase);
        _a.mov(rax, __qword_ptr[rbp + CurrentOffset]);
        _a.cmp(rax, __qword_ptr[rbp + CountOffset]);
        _a.jae(waitForBatch);

        _a.imul(rax, rax, CaseInput.SizeInBytes);
        _a.lea(rbx, __[rbp + rax + HeaderSize]);
        _a.mov(r13, (ulong)_slots * CaseInput.SizeInBytes);
        _a.add(r13, rbx);
        _a.mov(rax, rbx);
        _a.mov(__qword_ptr[InputPointer], rax);
        _a.mov(rax, r13);
        _a.mov(__qword_ptr[ResultPointer], rax);

        // What lies around the window is zero in every case.
        _a.mov(edi, TestMap.ReadWriteBase);
        _a.mov(ecx, TestMap.ReadWriteSize / 8);
        _a.xor(eax, eax);
        _a.rep.stosq();
        _a.mov(rdi, __qword_ptr[rbx + CaseInput.WindowAddressOffset]);
        _a.lea(rsi, __[rbx + CaseInput.MemoryOffset]);
        _a.mov(ecx, __dword_ptr[rbx + CaseInput.WindowLengthOffset]);
        _a.rep.movsb();
        _a.mov(rdi, __qword_ptr[rbx + CaseInput.CodeAddressOffset]);
        _a.mov(rax, CodeAlias - TestMap.CodeBase);
        _a.add(rdi, rax);
        _a.lea(rsi, __[rbx + CaseInput.CodeOffset]);
        _a.mov(ecx, __dword_ptr[rbx + CaseInput.CodeLengthOffset]);
        _a.rep.movsb();

        _a.mov(es, __word_ptr[rbx + SegmentOffset(0)]);
        _a.mov(ds, __word_ptr[rbx + SegmentOffset(3)]);
        _a.mov(fs, __word_ptr[rbx + SegmentOffset(4)]);
        _a.mov(gs, __word_ptr[rbx + SegmentOffset(5)]);
        if (_fsGsBase)
        {
            var notLong = _a.CreateLabel();
            _a.cmp(__dword_ptr[rbx + CaseInput.BitsOffset], 64);
            _a.jne(notLong);
            _a.mov(rax, __qword_ptr[rbx + MachineState.FsBaseOffset]);
            _a.wrfsbase(rax);
            _a.mov(rax, __qword_ptr[rbx + MachineState.GsBaseOffset]);
            _a.wrgsbase(rax);
            _a.Label(ref notLong);
        }
        _a.mov(eax, _xsaveMask);
        _a.xor(edx, edx);
        _a.xrstor64(__[rbx + MachineState.XsaveOffset]);

        _a.mov(esp, FrameTop);
        _a.movzx(eax, __word_ptr[rbx + SegmentOffset(2)]);
        _a.push(rax);
        _a.push(__qword_ptr[rbx + 4 * 8]);
        _a.push(__qword_ptr[rbx + MachineState.RflagsOffset]);
        _a.movzx(eax, __word_ptr[rbx + SegmentOffset(1)]);
        _a.push(rax);
        _a.push(__qword_ptr[rbx + MachineState.RipOffset]);

        AssemblerRegister64[] registers = Registers;
        for (int i = 0; i < 16; i++)
        {
            if (i is 3 or 4) continue;
            _a.mov(registers[i], __qword_ptr[rbx + i * 8]);
        }
        _a.mov(rbx, __qword_ptr[rbx + 3 * 8]);
        _a.iretq();
    }

    private void EmitEpilogue(ref Label epilogue, Label finish)
    {
        _a.Label(ref epilogue);
        _a.mov(__qword_ptr[SavedRax], rax);
        _a.mov(rax, __qword_ptr[ResultPointer]);
        AssemblerRegister64[] registers = Registers;
        for (int i = 1; i < 16; i++) _a.mov(__qword_ptr[rax + i * 8], registers[i]);
        _a.mov(rsp, SafeStackTop);
        _a.pushfq();
        _a.pop(__qword_ptr[rax + MachineState.RflagsOffset]);
        _a.push(2);
        _a.popfq();
        _a.mov(rcx, SavedRax);
        _a.mov(rcx, __qword_ptr[rcx]);
        _a.mov(__qword_ptr[rax], rcx);
        _a.mov(r13, rax);
        _a.mov(rbx, InputPointer);
        _a.mov(rbx, __qword_ptr[rbx]);
        _a.mov(rcx, __qword_ptr[rbx + CaseInput.EndRipOffset]);
        _a.mov(__qword_ptr[r13 + MachineState.RipOffset], rcx);
        _a.mov(cx, __word_ptr[rbx + SegmentOffset(1)]);
        _a.mov(__word_ptr[r13 + SegmentOffset(1)], cx);
        _a.mov(__word_ptr[r13 + SegmentOffset(2)], ss);
        _a.mov(ecx, TestMap.UserData);
        _a.mov(ss, cx);
        _a.mov(eax, _xsaveMask);
        _a.xor(edx, edx);
        _a.xsave64(__[r13 + MachineState.XsaveOffset]);
        _a.mov(__dword_ptr[r13 + CaseResult.OutcomeOffset], (int)CaseOutcome.Completed);
        _a.jmp(finish);
    }

    private void EmitHandler(ref Label handler)
    {
        // rdx = ucontext: flags, link, stack (40 bytes), then the mcontext.
        const int Context = 40;
        int[] order = [8, 9, 10, 11, 12, 13, 14, 15, 7, 6, 5, 3, 2, 0, 1, 4];

        _a.Label(ref handler);
        _a.push(2);
        _a.popfq();
        _a.mov(r13, ResultPointer);
        _a.mov(r13, __qword_ptr[r13]);
        _a.mov(rbx, InputPointer);
        _a.mov(rbx, __qword_ptr[rbx]);
        for (int i = 0; i < 16; i++)
        {
            _a.mov(rax, __qword_ptr[rdx + Context + i * 8]);
            _a.mov(__qword_ptr[r13 + order[i] * 8], rax);
        }
        _a.mov(rax, __qword_ptr[rdx + Context + 128]);
        _a.mov(__qword_ptr[r13 + MachineState.RipOffset], rax);
        _a.mov(rax, __qword_ptr[rdx + Context + 136]);
        _a.mov(__qword_ptr[r13 + MachineState.RflagsOffset], rax);
        _a.mov(ax, __word_ptr[rdx + Context + 144]);
        _a.mov(__word_ptr[r13 + SegmentOffset(1)], ax);
        _a.mov(ax, __word_ptr[rdx + Context + 150]);
        _a.mov(__word_ptr[r13 + SegmentOffset(2)], ax);
        _a.mov(eax, __dword_ptr[rdx + Context + 152]);
        _a.mov(__dword_ptr[r13 + CaseResult.ErrorCodeOffset], eax);
        _a.mov(eax, __dword_ptr[rdx + Context + 160]);
        _a.mov(__dword_ptr[r13 + CaseResult.VectorOffset], eax);
        _a.mov(rax, __qword_ptr[rdx + Context + 176]);
        _a.mov(__qword_ptr[r13 + CaseResult.Cr2Offset], rax);
        _a.mov(rsi, __qword_ptr[rdx + Context + 184]);
        _a.lea(rdi, __[r13 + MachineState.XsaveOffset]);
        _a.mov(ecx, MachineState.XsaveBytes / 8);
        _a.rep.movsq();
        _a.mov(__dword_ptr[r13 + CaseResult.OutcomeOffset], (int)CaseOutcome.Fault);
    }

    private void EmitFinish(ref Label finish, Label nextCase)
    {
        _a.Label(ref finish);
        _a.mov(__word_ptr[r13 + SegmentOffset(0)], es);
        _a.mov(__word_ptr[r13 + SegmentOffset(3)], ds);
        _a.mov(__word_ptr[r13 + SegmentOffset(4)], fs);
        _a.mov(__word_ptr[r13 + SegmentOffset(5)], gs);
        if (_fsGsBase)
        {
            _a.rdfsbase(rax);
            _a.mov(__qword_ptr[r13 + MachineState.FsBaseOffset], rax);
            _a.rdgsbase(rax);
            _a.mov(__qword_ptr[r13 + MachineState.GsBaseOffset], rax);
        }
        _a.mov(rsi, __qword_ptr[rbx + CaseInput.WindowAddressOffset]);
        _a.lea(rdi, __[r13 + CaseResult.MemoryOffset]);
        _a.mov(ecx, __dword_ptr[rbx + CaseInput.WindowLengthOffset]);
        _a.rep.movsb();
        _a.mov(rdi, __qword_ptr[rbx + CaseInput.CodeAddressOffset]);
        _a.mov(rax, CodeAlias - TestMap.CodeBase);
        _a.add(rdi, rax);
        _a.mov(ecx, __dword_ptr[rbx + CaseInput.CodeLengthOffset]);
        _a.mov(al, 0xCC);
        _a.rep.stosb();
        _a.mov(rax, SharedBase);
        _a.inc(__qword_ptr[rax + CurrentOffset]);
        _a.jmp(nextCase);
    }

    private static int SegmentOffset(int index) => MachineState.SegmentOffset + index * 2;

    private static AssemblerRegister64[] Registers => [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15];
}

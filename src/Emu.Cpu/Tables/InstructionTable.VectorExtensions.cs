using System.Runtime.Intrinsics;
using Emu.Cpu.Semantics.Simd;
using Iced.Intel;

namespace Emu.Cpu;

// MMX moves, cryptography, lane-crossing permutations, dot products, text comparison, masked and gathered memory, control.
public sealed unsafe partial class InstructionTable
{
    private static void AddVectorExtensions(Builder t)
    {
        AddMmxMoves(t);
        AddCryptography(t);
        AddPermutations(t);
        AddDotProducts(t);
        AddTextComparison(t);
        AddMaskedMemory(t);
        AddVectorSlow(t, Mnemonic.Ldmxcsr, &SlowVector.LoadControl);
        AddVectorSlow(t, Mnemonic.Vldmxcsr, &SlowVector.LoadControl);
        AddVectorSlow(t, Mnemonic.Stmxcsr, &SlowVector.StoreControl);
        AddVectorSlow(t, Mnemonic.Vstmxcsr, &SlowVector.StoreControl);
        t.Add(Mnemonic.Vzeroupper, new ClearVectorsRow(all: false));
        t.Add(Mnemonic.Vzeroall, new ClearVectorsRow(all: true));
        t.Add(Code.Extrq_xmm_imm8_imm8, new VectorSlowRow(&SlowVector.ExtractField));
        t.Add(Code.Extrq_xmm_xmm, new VectorSlowRow(&SlowVector.ExtractFieldByRegister));
        t.Add(Code.Insertq_xmm_xmm_imm8_imm8, new VectorSlowRow(&SlowVector.InsertField));
        t.Add(Code.Insertq_xmm_xmm, new VectorSlowRow(&SlowVector.InsertFieldByRegister));
        AddElement(t, new(typeof(uint)), Mnemonic.Movntss);
        AddElement(t, new(typeof(ulong)), Mnemonic.Movntsd);
        // Nothing is reordered that a fence could hold.
        SimpleRow fence = new(nameof(Handlers.Nop));
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Lfence, Mnemonic.Mfence, Mnemonic.Sfence]) t.Add(mnemonic, fence);
    }

    private static void AddVectorSlow(Builder t, Mnemonic mnemonic, delegate*<Vcpu, Op*, void> function) => t.Add(mnemonic, new VectorSlowRow(function));

    private static void AddMmxMoves(Builder t)
    {
        MmxMoveRow quadword = new(typeof(ulong)), doubleword = new(typeof(uint));
        t.Add(Code.Movd_mm_rm32, doubleword);
        t.Add(Code.Movd_rm32_mm, doubleword);
        foreach (Code code in (ReadOnlySpan<Code>)
            [Code.Movq_mm_rm64, Code.Movq_rm64_mm, Code.Movq_mm_mmm64, Code.Movq_mmm64_mm, Code.Movntq_m64_mm, Code.Movdq2q_mm_xmm, Code.Movq2dq_xmm_mm])
        {
            t.Add(code, quadword);
        }

        MmxElementRow element = new();
        foreach (Code code in (ReadOnlySpan<Code>)
            [Code.Pinsrw_mm_r32m16_imm8, Code.Pinsrw_mm_r64m16_imm8, Code.Pextrw_r32_mm_imm8, Code.Pextrw_r64_mm_imm8, Code.Pmovmskb_r32_mm, Code.Pmovmskb_r64_mm])
        {
            t.Add(code, element);
        }

        AddVectorSlow(t, Mnemonic.Cvtpi2ps, &SlowVector.ConvertFromMmx<float>);
        AddVectorSlow(t, Mnemonic.Cvtpi2pd, &SlowVector.ConvertFromMmx<double>);
        AddVectorSlow(t, Mnemonic.Cvtps2pi, &SlowVector.ConvertToMmx<float, Rounding>);
        AddVectorSlow(t, Mnemonic.Cvttps2pi, &SlowVector.ConvertToMmx<float, Truncating>);
        AddVectorSlow(t, Mnemonic.Cvtpd2pi, &SlowVector.ConvertToMmx<double, Rounding>);
        AddVectorSlow(t, Mnemonic.Cvttpd2pi, &SlowVector.ConvertToMmx<double, Truncating>);
    }

    private static void AddCryptography(Builder t)
    {
        Binary<Aesenc>(t, Mnemonic.Aesenc, Mnemonic.Vaesenc);
        Binary<Aesenclast>(t, Mnemonic.Aesenclast, Mnemonic.Vaesenclast);
        Binary<Aesdec>(t, Mnemonic.Aesdec, Mnemonic.Vaesdec);
        Binary<Aesdeclast>(t, Mnemonic.Aesdeclast, Mnemonic.Vaesdeclast);
        Unary<Aesimc>(t, Mnemonic.Aesimc, Mnemonic.Vaesimc);
        Unary<Aeskeygenassist>(t, Mnemonic.Aeskeygenassist, Mnemonic.Vaeskeygenassist);
        BinaryImmediate<Pclmulqdq>(t, Mnemonic.Pclmulqdq, Mnemonic.Vpclmulqdq);
        Binary<Gf2p8mulb>(t, Mnemonic.Gf2p8mulb, Mnemonic.Vgf2p8mulb);
        BinaryImmediate<Gf2p8affineqb>(t, Mnemonic.Gf2p8affineqb, Mnemonic.Vgf2p8affineqb);
        BinaryImmediate<Gf2p8affineinvqb>(t, Mnemonic.Gf2p8affineinvqb, Mnemonic.Vgf2p8affineinvqb);
        AddHash<Sha1nexte>(t, Mnemonic.Sha1nexte);
        AddHash<Sha1msg1>(t, Mnemonic.Sha1msg1);
        AddHash<Sha1msg2>(t, Mnemonic.Sha1msg2);
        AddHash<Sha256msg1>(t, Mnemonic.Sha256msg1);
        AddHash<Sha256msg2>(t, Mnemonic.Sha256msg2);
        t.Add(Mnemonic.Sha1rnds4, new VectorOperationRow(typeof(Sha1rnds4), nameof(Handlers.VectorBinaryImmediate), nameof(Handlers.MmxBinaryImmediate)) { UnalignedOnAmd = true });
        t.Add(Mnemonic.Sha256rnds2, new VectorTernaryRow<Sha256rnds2> { UnalignedOnAmd = true });
    }

    private static void AddHash<TOperation>(Builder t, Mnemonic mnemonic)
        where TOperation : IVectorBinary =>
        t.Add(mnemonic, new VectorOperationRow(typeof(TOperation), nameof(Handlers.VectorBinary), nameof(Handlers.MmxBinary)) { UnalignedOnAmd = true });

    private static void AddPermutations(Builder t)
    {
        BroadcastRow duplicate = new(typeof(ulong));
        t.Add(Code.Movddup_xmm_xmmm64, duplicate);
        t.Add(Code.VEX_Vmovddup_xmm_xmmm64, duplicate);
        Unary<Movddup>(t, Mnemonic.Vmovddup);
        VectorOperationRow permuteSingles = new(typeof(Pshufd), nameof(Handlers.VectorUnary), nameof(Handlers.MmxUnary), unary: true);
        VectorOperationRow permuteDoubles = new(typeof(Vpermilpd), nameof(Handlers.VectorUnary), nameof(Handlers.MmxUnary), unary: true);
        t.Add(Code.VEX_Vpermilps_xmm_xmmm128_imm8, permuteSingles);
        t.Add(Code.VEX_Vpermilps_ymm_ymmm256_imm8, permuteSingles);
        t.Add(Code.VEX_Vpermilpd_xmm_xmmm128_imm8, permuteDoubles);
        t.Add(Code.VEX_Vpermilpd_ymm_ymmm256_imm8, permuteDoubles);
        Binary<Vpermilps>(t, Mnemonic.Vpermilps);
        Binary<VpermilpdVariable>(t, Mnemonic.Vpermilpd);
        t.Add(Mnemonic.Vpermd, new CrossingRow<Vpermd>(unary: false));
        t.Add(Mnemonic.Vpermps, new CrossingRow<Vpermd>(unary: false));
        t.Add(Mnemonic.Vpermq, new CrossingRow<Vpermq>(unary: true));
        t.Add(Mnemonic.Vpermpd, new CrossingRow<Vpermq>(unary: true));
        t.Add(Mnemonic.Vperm2f128, new CrossingRow<Vperm2i128>(unary: false));
        t.Add(Mnemonic.Vperm2i128, new CrossingRow<Vperm2i128>(unary: false));
        LaneRow lane = new();
        foreach (Mnemonic mnemonic in (ReadOnlySpan<Mnemonic>)[Mnemonic.Vinsertf128, Mnemonic.Vinserti128, Mnemonic.Vextractf128, Mnemonic.Vextracti128])
        {
            t.Add(mnemonic, lane);
        }

        InsertSingleRow single = new();
        t.Add(Mnemonic.Insertps, single);
        t.Add(Mnemonic.Vinsertps, single);
        VectorTestRow<TestBits> bits = new();
        t.Add(Mnemonic.Ptest, bits);
        t.Add(Mnemonic.Vptest, bits);
        t.Add(Mnemonic.Vtestps, new VectorTestRow<TestSingles>());
        t.Add(Mnemonic.Vtestpd, new VectorTestRow<TestDoubles>());
    }

    private static void AddDotProducts(Builder t)
    {
        t.Add(Mnemonic.Vpdpbusd, new AccumulateRow<DotProductBytes<Unsigned, Signed>>());
        t.Add(Mnemonic.Vpdpbusds, new AccumulateRow<DotProductBytesSaturated<Unsigned, Signed>>());
        t.Add(Mnemonic.Vpdpbssd, new AccumulateRow<DotProductBytes<Signed, Signed>>());
        t.Add(Mnemonic.Vpdpbssds, new AccumulateRow<DotProductBytesSaturated<Signed, Signed>>());
        t.Add(Mnemonic.Vpdpbsud, new AccumulateRow<DotProductBytes<Signed, Unsigned>>());
        t.Add(Mnemonic.Vpdpbsuds, new AccumulateRow<DotProductBytesSaturated<Signed, Unsigned>>());
        t.Add(Mnemonic.Vpdpbuud, new AccumulateRow<DotProductBytes<Unsigned, Unsigned>>());
        t.Add(Mnemonic.Vpdpbuuds, new AccumulateRow<DotProductBytesSaturated<Unsigned, Unsigned>>());
        t.Add(Mnemonic.Vpdpwssd, new AccumulateRow<DotProductWords<Signed, Signed>>());
        t.Add(Mnemonic.Vpdpwssds, new AccumulateRow<DotProductWordsSaturated<Signed, Signed>>());
        t.Add(Mnemonic.Vpdpwsud, new AccumulateRow<DotProductWords<Signed, Unsigned>>());
        t.Add(Mnemonic.Vpdpwsuds, new AccumulateRow<DotProductWordsSaturated<Signed, Unsigned>>());
        t.Add(Mnemonic.Vpdpwusd, new AccumulateRow<DotProductWords<Unsigned, Signed>>());
        t.Add(Mnemonic.Vpdpwusds, new AccumulateRow<DotProductWordsSaturated<Unsigned, Signed>>());
        t.Add(Mnemonic.Vpdpwuud, new AccumulateRow<DotProductWords<Unsigned, Unsigned>>());
        t.Add(Mnemonic.Vpdpwuuds, new AccumulateRow<DotProductWordsSaturated<Unsigned, Unsigned>>());
        t.Add(Mnemonic.Vpmadd52luq, new AccumulateRow<MultiplyAdd52Low>());
        t.Add(Mnemonic.Vpmadd52huq, new AccumulateRow<MultiplyAdd52High>());
    }

    private static void AddTextComparison(Builder t)
    {
        TextCompareRow explicitIndex = new(explicitLengths: true, mask: false), explicitMask = new(explicitLengths: true, mask: true);
        TextCompareRow implicitIndex = new(explicitLengths: false, mask: false), implicitMask = new(explicitLengths: false, mask: true);
        foreach (Mnemonic m in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pcmpestri, Mnemonic.Pcmpestri64, Mnemonic.Vpcmpestri, Mnemonic.Vpcmpestri64]) t.Add(m, explicitIndex);
        foreach (Mnemonic m in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pcmpestrm, Mnemonic.Pcmpestrm64, Mnemonic.Vpcmpestrm, Mnemonic.Vpcmpestrm64]) t.Add(m, explicitMask);
        foreach (Mnemonic m in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pcmpistri, Mnemonic.Vpcmpistri]) t.Add(m, implicitIndex);
        foreach (Mnemonic m in (ReadOnlySpan<Mnemonic>)[Mnemonic.Pcmpistrm, Mnemonic.Vpcmpistrm]) t.Add(m, implicitMask);
    }

    private static void AddMaskedMemory(Builder t)
    {
        t.Add(Mnemonic.Maskmovq, new MaskedStoreRow(&SlowVector.MaskedStoreMmx));
        t.Add(Mnemonic.Maskmovdqu, new MaskedStoreRow(&SlowVector.MaskedStoreBytes));
        t.Add(Mnemonic.Vmaskmovdqu, new MaskedStoreRow(&SlowVector.MaskedStoreBytes));
        AddMaskedMoves<uint>(t, Mnemonic.Vmaskmovps, Mnemonic.Vpmaskmovd);
        AddMaskedMoves<ulong>(t, Mnemonic.Vmaskmovpd, Mnemonic.Vpmaskmovq);
        GatherRow dwordsByDword = new(&SlowVector.Gather<uint, uint>, 4, 4), qwordsByDword = new(&SlowVector.Gather<ulong, uint>, 8, 4);
        GatherRow dwordsByQword = new(&SlowVector.Gather<uint, ulong>, 4, 8), qwordsByQword = new(&SlowVector.Gather<ulong, ulong>, 8, 8);
        t.Add(Mnemonic.Vpgatherdd, dwordsByDword);
        t.Add(Mnemonic.Vgatherdps, dwordsByDword);
        t.Add(Mnemonic.Vpgatherdq, qwordsByDword);
        t.Add(Mnemonic.Vgatherdpd, qwordsByDword);
        t.Add(Mnemonic.Vpgatherqd, dwordsByQword);
        t.Add(Mnemonic.Vgatherqps, dwordsByQword);
        t.Add(Mnemonic.Vpgatherqq, qwordsByQword);
        t.Add(Mnemonic.Vgatherqpd, qwordsByQword);
    }

    private static void AddMaskedMoves<T>(Builder t, params ReadOnlySpan<Mnemonic> mnemonics)
        where T : unmanaged
    {
        VectorSlowRow narrowLoad = new(&SlowVector.MaskedLoad<T, Vector128<byte>>), wideLoad = new(&SlowVector.MaskedLoad<T, Vector256<byte>>);
        VectorSlowRow narrowStore = new(&SlowVector.MaskedStore<T, Vector128<byte>>), wideStore = new(&SlowVector.MaskedStore<T, Vector256<byte>>);
        foreach (Mnemonic mnemonic in mnemonics)
        {
            foreach (Code code in t.CodesOf(mnemonic))
            {
                OpCodeInfo info = code.ToOpCode();
                bool load = info.Op2Kind == OpCodeOperandKind.mem;
                bool wide = info.Op1Kind == OpCodeOperandKind.ymm_vvvv;
                t.Add(code, load ? (wide ? wideLoad : narrowLoad) : wide ? wideStore : narrowStore);
            }
        }
    }
}

using System.Runtime.Intrinsics;
using Emu.Cpu.Semantics.Simd;
using Iced.Intel;

namespace Emu.Cpu;

// MMX, SSE and AVX instructions on integers and bits, and vector data movement.
public sealed unsafe partial class InstructionTable
{
    private static void AddVector(Builder t)
    {
        AddVectorArithmetic(t);
        AddVectorShuffles(t);
        AddVectorMoves(t);
        AddVectorExtensions(t);
    }

    private static void Binary<TOperation>(Builder t, params ReadOnlySpan<Mnemonic> mnemonics)
        where TOperation : IVectorBinary
    {
        VectorOperationRow row = new(typeof(TOperation), nameof(Handlers.VectorBinary), nameof(Handlers.MmxBinary));
        foreach (Mnemonic mnemonic in mnemonics) t.Add(mnemonic, row);
    }

    private static void BinaryImmediate<TOperation>(Builder t, params ReadOnlySpan<Mnemonic> mnemonics)
        where TOperation : IVectorBinaryImmediate
    {
        VectorOperationRow row = new(typeof(TOperation), nameof(Handlers.VectorBinaryImmediate), nameof(Handlers.MmxBinaryImmediate));
        foreach (Mnemonic mnemonic in mnemonics) t.Add(mnemonic, row);
    }

    private static void Unary<TOperation>(Builder t, params ReadOnlySpan<Mnemonic> mnemonics)
        where TOperation : IVectorUnary
    {
        VectorOperationRow row = new(typeof(TOperation), nameof(Handlers.VectorUnary), nameof(Handlers.MmxUnary), unary: true);
        foreach (Mnemonic mnemonic in mnemonics) t.Add(mnemonic, row);
    }

    private static void Shift<TOperation>(Builder t, params ReadOnlySpan<Mnemonic> mnemonics)
        where TOperation : IVectorShift
    {
        VectorShiftRow<TOperation> row = new();
        foreach (Mnemonic mnemonic in mnemonics) t.Add(mnemonic, row);
    }

    private static void AddVectorArithmetic(Builder t)
    {
        Binary<PaddB>(t, Mnemonic.Paddb, Mnemonic.Vpaddb);
        Binary<PaddW>(t, Mnemonic.Paddw, Mnemonic.Vpaddw);
        Binary<PaddD>(t, Mnemonic.Paddd, Mnemonic.Vpaddd);
        Binary<PaddQ>(t, Mnemonic.Paddq, Mnemonic.Vpaddq);
        Binary<PsubB>(t, Mnemonic.Psubb, Mnemonic.Vpsubb);
        Binary<PsubW>(t, Mnemonic.Psubw, Mnemonic.Vpsubw);
        Binary<PsubD>(t, Mnemonic.Psubd, Mnemonic.Vpsubd);
        Binary<PsubQ>(t, Mnemonic.Psubq, Mnemonic.Vpsubq);
        Binary<PaddsB>(t, Mnemonic.Paddsb, Mnemonic.Vpaddsb);
        Binary<PaddsW>(t, Mnemonic.Paddsw, Mnemonic.Vpaddsw);
        Binary<PaddusB>(t, Mnemonic.Paddusb, Mnemonic.Vpaddusb);
        Binary<PaddusW>(t, Mnemonic.Paddusw, Mnemonic.Vpaddusw);
        Binary<PsubsB>(t, Mnemonic.Psubsb, Mnemonic.Vpsubsb);
        Binary<PsubsW>(t, Mnemonic.Psubsw, Mnemonic.Vpsubsw);
        Binary<PsubusB>(t, Mnemonic.Psubusb, Mnemonic.Vpsubusb);
        Binary<PsubusW>(t, Mnemonic.Psubusw, Mnemonic.Vpsubusw);
        Binary<PminsB>(t, Mnemonic.Pminsb, Mnemonic.Vpminsb);
        Binary<PminsW>(t, Mnemonic.Pminsw, Mnemonic.Vpminsw);
        Binary<PminsD>(t, Mnemonic.Pminsd, Mnemonic.Vpminsd);
        Binary<PminuB>(t, Mnemonic.Pminub, Mnemonic.Vpminub);
        Binary<PminuW>(t, Mnemonic.Pminuw, Mnemonic.Vpminuw);
        Binary<PminuD>(t, Mnemonic.Pminud, Mnemonic.Vpminud);
        Binary<PmaxsB>(t, Mnemonic.Pmaxsb, Mnemonic.Vpmaxsb);
        Binary<PmaxsW>(t, Mnemonic.Pmaxsw, Mnemonic.Vpmaxsw);
        Binary<PmaxsD>(t, Mnemonic.Pmaxsd, Mnemonic.Vpmaxsd);
        Binary<PmaxuB>(t, Mnemonic.Pmaxub, Mnemonic.Vpmaxub);
        Binary<PmaxuW>(t, Mnemonic.Pmaxuw, Mnemonic.Vpmaxuw);
        Binary<PmaxuD>(t, Mnemonic.Pmaxud, Mnemonic.Vpmaxud);
        Binary<PcmpeqB>(t, Mnemonic.Pcmpeqb, Mnemonic.Vpcmpeqb);
        Binary<PcmpeqW>(t, Mnemonic.Pcmpeqw, Mnemonic.Vpcmpeqw);
        Binary<PcmpeqD>(t, Mnemonic.Pcmpeqd, Mnemonic.Vpcmpeqd);
        Binary<PcmpeqQ>(t, Mnemonic.Pcmpeqq, Mnemonic.Vpcmpeqq);
        Binary<PcmpgtB>(t, Mnemonic.Pcmpgtb, Mnemonic.Vpcmpgtb);
        Binary<PcmpgtW>(t, Mnemonic.Pcmpgtw, Mnemonic.Vpcmpgtw);
        Binary<PcmpgtD>(t, Mnemonic.Pcmpgtd, Mnemonic.Vpcmpgtd);
        Binary<PcmpgtQ>(t, Mnemonic.Pcmpgtq, Mnemonic.Vpcmpgtq);
        Binary<Pavgb>(t, Mnemonic.Pavgb, Mnemonic.Vpavgb);
        Binary<Pavgw>(t, Mnemonic.Pavgw, Mnemonic.Vpavgw);
        Binary<Pmullw>(t, Mnemonic.Pmullw, Mnemonic.Vpmullw);
        Binary<Pmulld>(t, Mnemonic.Pmulld, Mnemonic.Vpmulld);
        Binary<Pmulhw>(t, Mnemonic.Pmulhw, Mnemonic.Vpmulhw);
        Binary<Pmulhuw>(t, Mnemonic.Pmulhuw, Mnemonic.Vpmulhuw);
        Binary<Pmulhrsw>(t, Mnemonic.Pmulhrsw, Mnemonic.Vpmulhrsw);
        Binary<Pmuludq>(t, Mnemonic.Pmuludq, Mnemonic.Vpmuludq);
        Binary<Pmuldq>(t, Mnemonic.Pmuldq, Mnemonic.Vpmuldq);
        Binary<Pmaddwd>(t, Mnemonic.Pmaddwd, Mnemonic.Vpmaddwd);
        Binary<Pmaddubsw>(t, Mnemonic.Pmaddubsw, Mnemonic.Vpmaddubsw);
        Binary<Psadbw>(t, Mnemonic.Psadbw, Mnemonic.Vpsadbw);
        Binary<Psignb>(t, Mnemonic.Psignb, Mnemonic.Vpsignb);
        Binary<Psignw>(t, Mnemonic.Psignw, Mnemonic.Vpsignw);
        Binary<Psignd>(t, Mnemonic.Psignd, Mnemonic.Vpsignd);
        Binary<Phaddw>(t, Mnemonic.Phaddw, Mnemonic.Vphaddw);
        Binary<Phaddd>(t, Mnemonic.Phaddd, Mnemonic.Vphaddd);
        Binary<Phaddsw>(t, Mnemonic.Phaddsw, Mnemonic.Vphaddsw);
        Binary<Phsubw>(t, Mnemonic.Phsubw, Mnemonic.Vphsubw);
        Binary<Phsubd>(t, Mnemonic.Phsubd, Mnemonic.Vphsubd);
        Binary<Phsubsw>(t, Mnemonic.Phsubsw, Mnemonic.Vphsubsw);
        Binary<Pand>(t, Mnemonic.Pand, Mnemonic.Vpand);
        Binary<Pandn>(t, Mnemonic.Pandn, Mnemonic.Vpandn);
        Binary<Por>(t, Mnemonic.Por, Mnemonic.Vpor);
        Binary<Pxor>(t, Mnemonic.Pxor, Mnemonic.Vpxor);
        Binary<Pand>(t, Mnemonic.Andps, Mnemonic.Vandps);
        Binary<Pand>(t, Mnemonic.Andpd, Mnemonic.Vandpd);
        Binary<Pandn>(t, Mnemonic.Andnps, Mnemonic.Vandnps);
        Binary<Pandn>(t, Mnemonic.Andnpd, Mnemonic.Vandnpd);
        Binary<Por>(t, Mnemonic.Orps, Mnemonic.Vorps);
        Binary<Por>(t, Mnemonic.Orpd, Mnemonic.Vorpd);
        Binary<Pxor>(t, Mnemonic.Xorps, Mnemonic.Vxorps);
        Binary<Pxor>(t, Mnemonic.Xorpd, Mnemonic.Vxorpd);
        Binary<Punpcklbw>(t, Mnemonic.Punpcklbw, Mnemonic.Vpunpcklbw);
        Binary<Punpcklwd>(t, Mnemonic.Punpcklwd, Mnemonic.Vpunpcklwd);
        Binary<Punpckldq>(t, Mnemonic.Punpckldq, Mnemonic.Vpunpckldq);
        Binary<Punpcklqdq>(t, Mnemonic.Punpcklqdq, Mnemonic.Vpunpcklqdq);
        Binary<Punpckhbw>(t, Mnemonic.Punpckhbw, Mnemonic.Vpunpckhbw);
        Binary<Punpckhwd>(t, Mnemonic.Punpckhwd, Mnemonic.Vpunpckhwd);
        Binary<Punpckhdq>(t, Mnemonic.Punpckhdq, Mnemonic.Vpunpckhdq);
        Binary<Punpckhqdq>(t, Mnemonic.Punpckhqdq, Mnemonic.Vpunpckhqdq);
        Binary<Punpckldq>(t, Mnemonic.Unpcklps, Mnemonic.Vunpcklps);
        Binary<Punpckhdq>(t, Mnemonic.Unpckhps, Mnemonic.Vunpckhps);
        Binary<Punpcklqdq>(t, Mnemonic.Unpcklpd, Mnemonic.Vunpcklpd);
        Binary<Punpckhqdq>(t, Mnemonic.Unpckhpd, Mnemonic.Vunpckhpd);
        Binary<Packsswb>(t, Mnemonic.Packsswb, Mnemonic.Vpacksswb);
        Binary<Packuswb>(t, Mnemonic.Packuswb, Mnemonic.Vpackuswb);
        Binary<Packssdw>(t, Mnemonic.Packssdw, Mnemonic.Vpackssdw);
        Binary<Packusdw>(t, Mnemonic.Packusdw, Mnemonic.Vpackusdw);
        Binary<Pshufb>(t, Mnemonic.Pshufb, Mnemonic.Vpshufb);
        Binary<Vpsllvd>(t, Mnemonic.Vpsllvd);
        Binary<Vpsllvq>(t, Mnemonic.Vpsllvq);
        Binary<Vpsrlvd>(t, Mnemonic.Vpsrlvd);
        Binary<Vpsrlvq>(t, Mnemonic.Vpsrlvq);
        Binary<Vpsravd>(t, Mnemonic.Vpsravd);
        Unary<Pabsb>(t, Mnemonic.Pabsb, Mnemonic.Vpabsb);
        Unary<Pabsw>(t, Mnemonic.Pabsw, Mnemonic.Vpabsw);
        Unary<Pabsd>(t, Mnemonic.Pabsd, Mnemonic.Vpabsd);
        Unary<Phminposuw>(t, Mnemonic.Phminposuw, Mnemonic.Vphminposuw);
        Shift<Psllw>(t, Mnemonic.Psllw, Mnemonic.Vpsllw);
        Shift<Pslld>(t, Mnemonic.Pslld, Mnemonic.Vpslld);
        Shift<Psllq>(t, Mnemonic.Psllq, Mnemonic.Vpsllq);
        Shift<Psrlw>(t, Mnemonic.Psrlw, Mnemonic.Vpsrlw);
        Shift<Psrld>(t, Mnemonic.Psrld, Mnemonic.Vpsrld);
        Shift<Psrlq>(t, Mnemonic.Psrlq, Mnemonic.Vpsrlq);
        Shift<Psraw>(t, Mnemonic.Psraw, Mnemonic.Vpsraw);
        Shift<Psrad>(t, Mnemonic.Psrad, Mnemonic.Vpsrad);
        BinaryImmediate<Mpsadbw>(t, Mnemonic.Mpsadbw, Mnemonic.Vmpsadbw);
    }

    private static void AddVectorShuffles(Builder t)
    {
        Unary<Pshufd>(t, Mnemonic.Pshufd, Mnemonic.Vpshufd);
        Unary<Pshuflw>(t, Mnemonic.Pshuflw, Mnemonic.Vpshuflw);
        Unary<Pshufhw>(t, Mnemonic.Pshufhw, Mnemonic.Vpshufhw);
        Unary<Pshufw>(t, Mnemonic.Pshufw);
        Unary<Movsldup>(t, Mnemonic.Movsldup, Mnemonic.Vmovsldup);
        Unary<Movshdup>(t, Mnemonic.Movshdup, Mnemonic.Vmovshdup);
        BinaryImmediate<Palignr>(t, Mnemonic.Palignr, Mnemonic.Vpalignr);
        BinaryImmediate<Shufps>(t, Mnemonic.Shufps, Mnemonic.Vshufps);
        BinaryImmediate<Shufpd>(t, Mnemonic.Shufpd, Mnemonic.Vshufpd);
        BinaryImmediate<Blendps>(t, Mnemonic.Blendps, Mnemonic.Vblendps, Mnemonic.Vpblendd);
        BinaryImmediate<Blendpd>(t, Mnemonic.Blendpd, Mnemonic.Vblendpd);
        BinaryImmediate<Pblendw>(t, Mnemonic.Pblendw, Mnemonic.Vpblendw);
        AddByteShift<Pslldq>(t, Mnemonic.Pslldq, Mnemonic.Vpslldq);
        AddByteShift<Psrldq>(t, Mnemonic.Psrldq, Mnemonic.Vpsrldq);
        t.Add(Mnemonic.Pblendvb, new VectorTernaryRow<Pblendvb>());
        t.Add(Mnemonic.Vpblendvb, new VectorTernaryRow<Pblendvb>());
        t.Add(Mnemonic.Blendvps, new VectorTernaryRow<Blendvps>());
        t.Add(Mnemonic.Vblendvps, new VectorTernaryRow<Blendvps>());
        t.Add(Mnemonic.Blendvpd, new VectorTernaryRow<Blendvpd>());
        t.Add(Mnemonic.Vblendvpd, new VectorTernaryRow<Blendvpd>());
    }

    private static void AddByteShift<TOperation>(Builder t, Mnemonic legacy, Mnemonic vex)
        where TOperation : IVectorUnary
    {
        ByteShiftRow<TOperation> row = new();
        t.Add(legacy, row);
        t.Add(vex, row);
    }

    private static void AddVectorMoves(Builder t)
    {
        VectorMoveRow aligned = new(aligned: true), unaligned = new(aligned: false);
        foreach (Mnemonic m in (ReadOnlySpan<Mnemonic>)
            [Mnemonic.Movaps, Mnemonic.Movapd, Mnemonic.Movdqa, Mnemonic.Movntps, Mnemonic.Movntpd, Mnemonic.Movntdq, Mnemonic.Movntdqa,
             Mnemonic.Vmovaps, Mnemonic.Vmovapd, Mnemonic.Vmovdqa, Mnemonic.Vmovntps, Mnemonic.Vmovntpd, Mnemonic.Vmovntdq, Mnemonic.Vmovntdqa])
        {
            t.Add(m, aligned);
        }

        foreach (Mnemonic m in (ReadOnlySpan<Mnemonic>)
            [Mnemonic.Movups, Mnemonic.Movupd, Mnemonic.Movdqu, Mnemonic.Lddqu, Mnemonic.Vmovups, Mnemonic.Vmovupd, Mnemonic.Vmovdqu, Mnemonic.Vlddqu])
        {
            t.Add(m, unaligned);
        }

        ElementRow zero32 = new(typeof(uint)) { ZeroesFromMemory = true, ZeroesFromRegister = true };
        ElementRow zero64 = new(typeof(ulong)) { ZeroesFromMemory = true, ZeroesFromRegister = true };
        foreach (Mnemonic m in (ReadOnlySpan<Mnemonic>)[Mnemonic.Movd, Mnemonic.Vmovd, Mnemonic.Movq, Mnemonic.Vmovq])
        {
            foreach (Code code in t.CodesOf(m))
            {
                if (UsesMmx(code)) continue;
                t.Add(code, Is64BitMove(code) ? zero64 : zero32);
            }
        }

        AddElement(t, new(typeof(uint)) { ZeroesFromMemory = true }, Mnemonic.Movss, Mnemonic.Vmovss);
        foreach (Code code in t.CodesOf(Mnemonic.Movsd))
        {
            if (!code.IsStringInstruction()) t.Add(code, new ElementRow(typeof(ulong)) { ZeroesFromMemory = true });
        }

        AddElement(t, new(typeof(ulong)) { ZeroesFromMemory = true }, Mnemonic.Vmovsd);
        AddElement(t, new(typeof(ulong)), Mnemonic.Movlps, Mnemonic.Vmovlps, Mnemonic.Movlpd, Mnemonic.Vmovlpd);
        AddElement(t, new(typeof(ulong)) { Element = 1 }, Mnemonic.Movhps, Mnemonic.Vmovhps, Mnemonic.Movhpd, Mnemonic.Vmovhpd, Mnemonic.Movlhps, Mnemonic.Vmovlhps);
        AddElement(t, new(typeof(ulong)) { SourceElement = 1 }, Mnemonic.Movhlps, Mnemonic.Vmovhlps);
        AddElement(t, new(typeof(byte)) { ElementFromImmediate = true }, Mnemonic.Pinsrb, Mnemonic.Vpinsrb, Mnemonic.Pextrb, Mnemonic.Vpextrb);
        AddElement(t, new(typeof(ushort)) { ElementFromImmediate = true }, Mnemonic.Pinsrw, Mnemonic.Vpinsrw, Mnemonic.Pextrw, Mnemonic.Vpextrw);
        AddElement(t, new(typeof(uint)) { ElementFromImmediate = true }, Mnemonic.Pinsrd, Mnemonic.Vpinsrd, Mnemonic.Pextrd, Mnemonic.Vpextrd, Mnemonic.Extractps, Mnemonic.Vextractps);
        AddElement(t, new(typeof(ulong)) { ElementFromImmediate = true }, Mnemonic.Pinsrq, Mnemonic.Vpinsrq, Mnemonic.Pextrq, Mnemonic.Vpextrq);

        AddSignMask(t, typeof(byte), Mnemonic.Pmovmskb, Mnemonic.Vpmovmskb);
        AddSignMask(t, typeof(uint), Mnemonic.Movmskps, Mnemonic.Vmovmskps);
        AddSignMask(t, typeof(ulong), Mnemonic.Movmskpd, Mnemonic.Vmovmskpd);

        AddExtend<sbyte, short>(t, Mnemonic.Pmovsxbw, Mnemonic.Vpmovsxbw);
        AddExtend<sbyte, int>(t, Mnemonic.Pmovsxbd, Mnemonic.Vpmovsxbd);
        AddExtend<sbyte, long>(t, Mnemonic.Pmovsxbq, Mnemonic.Vpmovsxbq);
        AddExtend<short, int>(t, Mnemonic.Pmovsxwd, Mnemonic.Vpmovsxwd);
        AddExtend<short, long>(t, Mnemonic.Pmovsxwq, Mnemonic.Vpmovsxwq);
        AddExtend<int, long>(t, Mnemonic.Pmovsxdq, Mnemonic.Vpmovsxdq);
        AddExtend<byte, ushort>(t, Mnemonic.Pmovzxbw, Mnemonic.Vpmovzxbw);
        AddExtend<byte, uint>(t, Mnemonic.Pmovzxbd, Mnemonic.Vpmovzxbd);
        AddExtend<byte, ulong>(t, Mnemonic.Pmovzxbq, Mnemonic.Vpmovzxbq);
        AddExtend<ushort, uint>(t, Mnemonic.Pmovzxwd, Mnemonic.Vpmovzxwd);
        AddExtend<ushort, ulong>(t, Mnemonic.Pmovzxwq, Mnemonic.Vpmovzxwq);
        AddExtend<uint, ulong>(t, Mnemonic.Pmovzxdq, Mnemonic.Vpmovzxdq);

        t.Add(Mnemonic.Vpbroadcastb, new BroadcastRow(typeof(byte)));
        t.Add(Mnemonic.Vpbroadcastw, new BroadcastRow(typeof(ushort)));
        t.Add(Mnemonic.Vpbroadcastd, new BroadcastRow(typeof(uint)));
        t.Add(Mnemonic.Vpbroadcastq, new BroadcastRow(typeof(ulong)));
        t.Add(Mnemonic.Vbroadcastss, new BroadcastRow(typeof(uint)));
        t.Add(Mnemonic.Vbroadcastsd, new BroadcastRow(typeof(ulong)));
        t.Add(Mnemonic.Vbroadcastf128, new BroadcastRow(typeof(Vector128<byte>)));
        t.Add(Mnemonic.Vbroadcasti128, new BroadcastRow(typeof(Vector128<byte>)));
    }

    private static void AddElement(Builder t, ElementRow row, params ReadOnlySpan<Mnemonic> mnemonics)
    {
        foreach (Mnemonic mnemonic in mnemonics)
        {
            foreach (Code code in t.CodesOf(mnemonic))
            {
                if (!UsesMmx(code)) t.Add(code, row);
            }
        }
    }

    private static void AddSignMask(Builder t, Type element, params ReadOnlySpan<Mnemonic> mnemonics)
    {
        SignMaskRow row = new(element);
        foreach (Mnemonic mnemonic in mnemonics)
        {
            foreach (Code code in t.CodesOf(mnemonic))
            {
                if (!UsesMmx(code)) t.Add(code, row);
            }
        }
    }

    private static void AddExtend<TFrom, TTo>(Builder t, params ReadOnlySpan<Mnemonic> mnemonics)
        where TFrom : unmanaged
        where TTo : unmanaged
    {
        ExtendRow<TFrom, TTo> row = new();
        foreach (Mnemonic mnemonic in mnemonics) t.Add(mnemonic, row);
    }

    /// <summary>An operand of the encoding is an MMX register.</summary>
    private static bool UsesMmx(Code code)
    {
        OpCodeInfo info = code.ToOpCode();
        for (int i = 0; i < info.OpCount; i++)
        {
            if (info.GetOpKind(i) is OpCodeOperandKind.mm_reg or OpCodeOperandKind.mm_rm or OpCodeOperandKind.mm_or_mem) return true;
        }

        return false;
    }

    /// <summary>MOVD/MOVQ encodings that move a quadword.</summary>
    private static bool Is64BitMove(Code code)
    {
        OpCodeInfo info = code.ToOpCode();
        for (int i = 0; i < info.OpCount; i++)
        {
            if (info.GetOpKind(i) is OpCodeOperandKind.r64_or_mem) return true;
            if (info.GetOpKind(i) is OpCodeOperandKind.r32_or_mem) return false;
        }

        return true;
    }
}

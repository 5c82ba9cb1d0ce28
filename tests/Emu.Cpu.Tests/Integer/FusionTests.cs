using System.Numerics;
using Iced.Intel;
using Xunit;
using static Iced.Intel.AssemblerRegisters;

namespace Emu.Cpu.Tests.Integer;

/// <summary>Loops hot enough for comparison and branch to be joined, with results from plain C#.</summary>
public sealed class FusionTests
{
    private const ulong Multiplier = 6_364_136_223_846_793_005, Increment = 1_442_695_040_888_963_407;
    private const int Iterations = 70_000;

    private static readonly string[] Conditions = ["Jo", "Jno", "Jb", "Jae", "Je", "Jne", "Jbe", "Ja", "Js", "Jns", "Jp", "Jnp", "Jl", "Jge", "Jle", "Jg"];

    public static TheoryData<string, int> OperationsAndWidths => new()
    {
        { "Cmp", 8 }, { "Cmp", 16 }, { "Cmp", 32 }, { "Cmp", 64 }, { "Test", 8 }, { "Test", 32 }, { "Add", 32 }, { "Add", 64 },
        { "Sub", 64 }, { "And", 32 }, { "Inc", 32 }, { "Dec", 8 }, { "Dec", 64 },
    };

    [Theory]
    [MemberData(nameof(OperationsAndWidths))]
    public void Hot_pairs_branch_as_cold_ones_do(string operation, int width)
    {
        using IntegerMachine machine = new(64);
        foreach (string condition in Conditions)
        {
            int fused = machine.FusedForms;
            machine.Load(a =>
            {
                Label top = a.CreateLabel(), taken = a.CreateLabel(), join = a.CreateLabel(), end = a.CreateLabel();
                a.mov(r9, Multiplier);
                a.mov(r10, Increment);
                a.mov(rcx, Iterations);
                a.Label(ref top);
                a.imul(r8, r9);
                a.lea(r8, __[r8 + r10]);
                // Three random bits at both ends of each operand: equality, zero, signs and overflow all happen. CF ends up clear.
                a.mov(rbx, r8);
                a.shr(rbx, 32);
                a.and(ebx, 7);
                a.mov(rdx, rbx);
                a.shl(rbx, (sbyte)(width - 3));
                a.or(rbx, rdx);
                a.mov(rax, r8);
                a.shr(rax, 61);
                a.mov(rdx, rax);
                a.shl(rax, (sbyte)(width - 3));
                a.or(rax, rdx);
                bool unary = operation is "Inc" or "Dec";
                Code code = Registers.Code(unary ? $"{operation}_rm{width}" : $"{operation}_rm{width}_r{width}");
                a.AddInstruction(unary
                    ? Instruction.Create(code, Registers.Get(0, width))
                    : Instruction.Create(code, Registers.Get(0, width), Registers.Get(3, width)));
                Branch(a, condition, taken);
                a.lea(r11, __[r11 + 1]);
                a.jmp(join);
                a.Label(ref taken);
                a.lea(r12, __[r12 + 1]);
                a.Label(ref join);
                a.lea(rsi, __[rsi + rax]);
                a.lea(rcx, __[rcx - 1]);
                a.jrcxz(end);
                a.jmp(top);
                a.Label(ref end);
                a.nop();
            });
            (machine[8], machine[11], machine[12], machine[6]) = (1, 0, 0, 0);
            machine.Run(Iterations * 32);

            (ulong state, ulong expectedTaken, ulong sum) = (1, 0, 0);
            for (int i = 0; i < Iterations; i++)
            {
                state = (state * Multiplier) + Increment;
                ulong left = (state >> 61) | (state >> 61 << (width - 3)), right = ((state >> 32) & 7) | (((state >> 32) & 7) << (width - 3));
                (ulong result, bool holds) = Evaluate(operation, condition, left, right, width);
                if (holds) expectedTaken++;
                sum += operation is "Cmp" or "Test" ? left : Registers.Merge(left, result, width);
            }

            Assert.Equal(expectedTaken, machine[12]);
            Assert.Equal(Iterations - expectedTaken, machine[11]);
            Assert.Equal(sum, machine[6]);
            Assert.Equal(fused + 1, machine.FusedForms);
        }
    }

    private static (ulong Result, bool Holds) Evaluate(string operation, string condition, ulong left, ulong right, int width)
    {
        ulong mask = ulong.MaxValue >> (64 - width);
        (left, right) = (left & mask, right & mask);
        Int128 signedLeft = (long)(left << (64 - width)) >> (64 - width), signedRight = (long)(right << (64 - width)) >> (64 - width);
        if (operation is "Inc" or "Dec") (right, signedRight) = (1, 1);
        (Int128 unsigned, Int128 signed) = operation switch
        {
            "Cmp" or "Sub" or "Dec" => ((Int128)left - right, signedLeft - signedRight),
            "Add" or "Inc" => ((Int128)left + right, signedLeft + signedRight),
            _ => (left & right, signedLeft & signedRight),
        };
        ulong result = (ulong)unsigned & mask;
        Int128 limit = Int128.One << (width - 1);
        bool logic = operation is "Test" or "And";
        bool carry = !logic && operation is not ("Inc" or "Dec") && (unsigned < 0 || unsigned > mask);
        bool overflow = !logic && (signed < -limit || signed >= limit);
        bool zero = result == 0, sign = (result >> (width - 1)) != 0, parity = BitOperations.PopCount((byte)result) % 2 == 0;
        bool holds = condition switch
        {
            "Jo" or "Jno" => overflow,
            "Jb" or "Jae" => carry,
            "Je" or "Jne" => zero,
            "Jbe" or "Ja" => carry || zero,
            "Js" or "Jns" => sign,
            "Jp" or "Jnp" => parity,
            "Jl" or "Jge" => sign != overflow,
            _ => zero || sign != overflow,
        };
        bool negated = condition is "Jno" or "Jae" or "Jne" or "Ja" or "Jns" or "Jnp" or "Jge" or "Jg";
        return (result, holds != negated);
    }

    private static void Branch(Assembler a, string condition, Label target)
    {
        switch (condition)
        {
            case "Jo": a.jo(target); break;
            case "Jno": a.jno(target); break;
            case "Jb": a.jb(target); break;
            case "Jae": a.jae(target); break;
            case "Je": a.je(target); break;
            case "Jne": a.jne(target); break;
            case "Jbe": a.jbe(target); break;
            case "Ja": a.ja(target); break;
            case "Js": a.js(target); break;
            case "Jns": a.jns(target); break;
            case "Jp": a.jp(target); break;
            case "Jnp": a.jnp(target); break;
            case "Jl": a.jl(target); break;
            case "Jge": a.jge(target); break;
            case "Jle": a.jle(target); break;
            default: a.jg(target); break;
        }
    }
}

using System.Globalization;
using Emu.Cpu;

namespace Emu.Debugging.Monitor;

/// <summary>
/// Evaluates the expressions monitor commands take: numbers (decimal, 0x hexadecimal, 0 octal, 'c'), registers such as <c>$rax</c>, <c>$pc</c> and
/// <c>$cr3</c>, parentheses, unary + - ~ and binary * / % + - &lt;&lt; &gt;&gt; &amp; ^ | in C's order.
/// </summary>
public sealed class Expression
{
    private static readonly string[][] Levels = [["|"], ["^"], ["&"], ["<<", ">>"], ["+", "-"], ["*", "/", "%"]];

    private readonly string text;
    private readonly Vcpu cpu;
    private int at;

    private Expression(string text, Vcpu cpu)
    {
        this.text = text;
        this.cpu = cpu;
    }

    /// <summary>Evaluates one expression that takes up the whole text.</summary>
    /// <exception cref="MonitorException">It is malformed, or divides by zero.</exception>
    public static ulong Evaluate(string text, Vcpu cpu)
    {
        Expression parser = new(text, cpu);
        ulong value = parser.Binary(0);
        parser.SkipSpace();
        return parser.at == text.Length ? value : throw new MonitorException($"'{text}': '{text[parser.at..]}' is not understood");
    }

    private ulong Binary(int level)
    {
        if (level == Levels.Length) return Unary();
        ulong left = Binary(level + 1);
        while (Operator(Levels[level]) is { } symbol)
        {
            ulong right = Binary(level + 1);
            left = symbol switch
            {
                "|" => left | right,
                "^" => left ^ right,
                "&" => left & right,
                "<<" => right < 64 ? left << (int)right : 0,
                ">>" => right < 64 ? left >> (int)right : 0,
                "+" => left + right,
                "-" => left - right,
                "*" => left * right,
                _ when right == 0 => throw new MonitorException($"'{text}': division by zero"),
                "/" => left / right,
                _ => left % right,
            };
        }

        return left;
    }

    private ulong Unary()
    {
        SkipSpace();
        if (at == text.Length) throw new MonitorException($"'{text}': a value is missing");
        switch (text[at])
        {
            case '-':
                at++;
                return 0 - Unary();
            case '+':
                at++;
                return Unary();
            case '~':
                at++;
                return ~Unary();
            case '(':
                at++;
                ulong value = Binary(0);
                SkipSpace();
                if (at == text.Length || text[at] != ')') throw new MonitorException($"'{text}': a ')' is missing");
                at++;
                return value;
            case '\'' when at + 2 < text.Length && text[at + 2] == '\'':
                at += 3;
                return text[at - 2];
            case '$':
                at++;
                string name = Word();
                return RegisterNames.TryRead(cpu, name, out ulong register) ? register : throw new MonitorException($"'{text}': there is no register '${name}'");
            default:
                return Number();
        }
    }

    private ulong Number()
    {
        string word = Word();
        bool parsed = word.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? ulong.TryParse(word.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong value)
            : word.Length > 1 && word[0] == '0'
                ? TryOctal(word, out value)
                : ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        return parsed ? value : throw new MonitorException($"'{text}': '{(word.Length > 0 ? word : text[at..])}' is not a number");
    }

    private static bool TryOctal(string word, out ulong value)
    {
        value = 0;
        foreach (char digit in word)
        {
            if (digit is < '0' or > '7') return false;
            value = (value << 3) + (uint)(digit - '0');
        }

        return true;
    }

    private string Word()
    {
        int start = at;
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] == '_')) at++;
        return text[start..at];
    }

    private string? Operator(string[] symbols)
    {
        SkipSpace();
        string? found = Array.Find(symbols, s => string.CompareOrdinal(text, at, s, 0, s.Length) == 0);
        at += found?.Length ?? 0;
        return found;
    }

    private void SkipSpace()
    {
        while (at < text.Length && text[at] == ' ') at++;
    }
}

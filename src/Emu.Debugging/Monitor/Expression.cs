using System.Globalization;
using Emu.Cpu;

namespace Emu.Debugging.Monitor;

/// <summary>What names and memory mean in an expression.</summary>
public interface IExpressionScope
{
    /// <summary>The value of <c>$name</c>, a register; false if there is none of that name.</summary>
    bool TryRegister(string name, out ulong value);

    /// <summary>The value of a bare name; false if it means nothing here.</summary>
    bool TryName(string name, out ulong value);

    /// <summary>The value of <c>[address]</c>, <paramref name="size"/> bytes (1, 2, 4, 8; 0 for the usual size); null where there is no memory.</summary>
    ulong? Read(ulong address, int size);
}

/// <summary>
/// Evaluates expressions: numbers (decimal, 0x hexadecimal, 0 octal, 'c'), registers such as <c>$rax</c>, <c>$pc</c> and
/// <c>$cr3</c>, names, memory such as <c>[rsi+8]</c> and <c>byte [rsi]</c> (also word, dword, qword), parentheses, unary + - ~ ! and binary
/// * / % + - &lt;&lt; &gt;&gt; &lt; &lt;= &gt; &gt;= == != &amp; ^ | &amp;&amp; || in C's order, unsigned.
/// </summary>
public sealed class Expression
{
    private static readonly string[][] Levels =
        [["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!="], ["<=", ">=", "<", ">"], ["<<", ">>"], ["+", "-"], ["*", "/", "%"]];

    private static readonly (string Name, int Size)[] Sizes = [("byte", 1), ("word", 2), ("dword", 4), ("qword", 8)];

    private readonly string text;
    private readonly IExpressionScope scope;
    private int at;

    private Expression(string text, IExpressionScope scope)
    {
        this.text = text;
        this.scope = scope;
    }

    /// <summary>Evaluates one expression that takes up the whole text.</summary>
    /// <exception cref="MonitorException">It is malformed, or divides by zero.</exception>
    public static ulong Evaluate(string text, Vcpu cpu) => Evaluate(text, new ProcessorScope(cpu));

    /// <summary>Evaluates one expression that takes up the whole text.</summary>
    /// <exception cref="MonitorException">It is malformed, or divides by zero, or names something that is not there.</exception>
    public static ulong Evaluate(string text, IExpressionScope scope)
    {
        Expression parser = new(text, scope);
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
                "||" => left != 0 || right != 0 ? 1u : 0,
                "&&" => left != 0 && right != 0 ? 1u : 0,
                "==" => left == right ? 1u : 0,
                "!=" => left != right ? 1u : 0,
                "<" => left < right ? 1u : 0,
                "<=" => left <= right ? 1u : 0,
                ">" => left > right ? 1u : 0,
                ">=" => left >= right ? 1u : 0,
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
            case '!':
                at++;
                return Unary() == 0 ? 1u : 0;
            case '[':
                return Memory(0);
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
                return scope.TryRegister(name, out ulong register) ? register : throw new MonitorException($"'{text}': there is no register '${name}'");
            default:
                return char.IsAsciiDigit(text[at]) ? Number() : Name();
        }
    }

    private ulong Name()
    {
        int start = at;
        string word = Word();
        SkipSpace();
        int size = Array.Find(Sizes, s => s.Name == word.ToLowerInvariant()).Size;
        if (size != 0 && at < text.Length && text[at] == '[') return Memory(size);
        if (word.Length == 0) throw new MonitorException($"{Where(text[start..])}'{text[start..]}' is no value");
        return scope.TryName(word, out ulong value) ? value : throw new MonitorException($"{Where(word)}'{word}' is neither a number nor a name known here");
    }

    private ulong Memory(int size)
    {
        at++;
        ulong address = Binary(0);
        SkipSpace();
        if (at == text.Length || text[at] != ']') throw new MonitorException($"'{text}': a ']' is missing");
        at++;
        return scope.Read(address, size) ?? throw new MonitorException($"'{text}': there is no memory at 0x{address:x}");
    }

    private ulong Number()
    {
        string word = Word();
        bool parsed = word.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
            ? ulong.TryParse(word.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong value)
            : word.Length > 1 && word[0] == '0'
                ? TryOctal(word, out value)
                : ulong.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        return parsed ? value : throw new MonitorException($"{Where(word)}'{(word.Length > 0 ? word : text[at..])}' is not a number");
    }

    /// <summary>The expression, where the fault is only a part of it.</summary>
    private string Where(string word) => word == text ? "" : $"'{text}': ";

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
        while (at < text.Length && (char.IsAsciiLetterOrDigit(text[at]) || text[at] is '_' or '.' or '@')) at++;
        return text[start..at];
    }

    private string? Operator(string[] symbols)
    {
        SkipSpace();
        string? found = Array.Find(symbols, s => string.CompareOrdinal(text, at, s, 0, s.Length) == 0 && !IsPartOfLonger(s));
        at += found?.Length ?? 0;
        return found;
    }

    /// <summary>"|" does not take half of "||", nor "&lt;" half of "&lt;&lt;".</summary>
    private bool IsPartOfLonger(string symbol) =>
        symbol.Length == 1 && at + 1 < text.Length && symbol[0] is '|' or '&' or '<' or '>' && at + 1 < text.Length && text[at + 1] == symbol[0];

    private void SkipSpace()
    {
        while (at < text.Length && text[at] == ' ') at++;
    }

    /// <summary>A processor without names: what the monitor's commands see.</summary>
    private sealed class ProcessorScope(Vcpu cpu) : IExpressionScope
    {
        private const int UsualSize = 8;

        public bool TryRegister(string name, out ulong value) => RegisterNames.TryRead(cpu, name, out value);

        public bool TryName(string name, out ulong value)
        {
            value = 0;
            return false;
        }

        public ulong? Read(ulong address, int size)
        {
            Span<byte> bytes = stackalloc byte[8];
            bytes.Clear();
            size = size == 0 ? UsualSize : size;
            return GuestView.ReadLinear(cpu, address, bytes[..size]) == size ? BitConverter.ToUInt64(bytes) : null;
        }
    }
}

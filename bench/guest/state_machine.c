// A lexer for numbers, names, strings and comments: a jump table for each character.
#include "workload.h"

enum { TEXT = 1 << 16 };

enum state { START, NAME, NUMBER, FRACTION, EXPONENT, STRING, ESCAPE, SLASH, COMMENT, STAR, STATES };

static void write_text(char *text)
{
    static const char *const samples[] = { "while ", "x1 ", "3.14159 ", "6e23 ", "\"a \\\"string\\\"\" ", "/* a * comment */ ", "+ ", "42 ", "\n", "/ " };
    uint64_t random = 1234567;
    for (size_t at = 0; at < TEXT;) {
        const char *sample = samples[next_random(&random) % (sizeof samples / sizeof *samples)];
        while (*sample && at < TEXT) text[at++] = *sample++;
    }
}

static __attribute__((noinline)) void scan(const char *text, uint64_t *tokens)
{
    enum state state = START;
    for (size_t i = 0; i < TEXT; i++) {
        char c = text[i];
        switch (state) {
        case START:
        start:
            switch (c) {
            case 'a' ... 'z': state = NAME; break;
            case '0' ... '9': state = NUMBER; break;
            case '"': state = STRING; break;
            case '/': state = SLASH; break;
            case ' ': case '\n': state = START; break;
            default: tokens[START]++; state = START; break;
            }
            break;
        case NAME:
            if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) break;
            tokens[NAME]++;
            goto start;
        case NUMBER:
            if (c >= '0' && c <= '9') break;
            if (c == '.') { state = FRACTION; break; }
            if (c == 'e') { state = EXPONENT; break; }
            tokens[NUMBER]++;
            goto start;
        case FRACTION:
            if (c >= '0' && c <= '9') break;
            tokens[FRACTION]++;
            goto start;
        case EXPONENT:
            if (c >= '0' && c <= '9') break;
            tokens[EXPONENT]++;
            goto start;
        case STRING:
            if (c == '\\') state = ESCAPE;
            else if (c == '"') { tokens[STRING]++; state = START; }
            break;
        case ESCAPE: tokens[ESCAPE]++; state = STRING; break;
        case SLASH:
            if (c == '*') { state = COMMENT; break; }
            tokens[SLASH]++;
            goto start;
        case COMMENT: if (c == '*') state = STAR; break;
        case STAR:
            if (c == '/') { tokens[COMMENT]++; state = START; }
            else if (c != '*') state = COMMENT;
            break;
        default: __builtin_unreachable();
        }
    }
}

uint64_t state_machine(uint64_t units)
{
    uint64_t tokens[STATES] = { 0 }, sum = 0;
    char *text = pages(TEXT);
    write_text(text);
    while (units--) scan(text, tokens);
    for (int i = 0; i < STATES; i++) sum = mix(sum, tokens[i]);
    return sum;
}

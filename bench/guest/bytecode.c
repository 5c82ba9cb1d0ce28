// An interpreter of a small stack machine, running a sieve-like program: one hard indirect branch.
#include "workload.h"

enum opcode { PUSH, LOAD, STORE, FETCH, PUT, ADD, MUL, AND, XOR, SHR, LESS, JUMP, BRANCH, DUP, DROP, HALT };

enum { CELLS = 256 };

// for (i = 0, x = seed; i < 5000; i++) { x = x * 25173 + 13849; cell[x & 255] ^= (x >> 3) + i; }
static const int32_t program[] = {
    PUSH, 0, STORE, 0,
    LOAD, 1, PUSH, 25173, MUL, PUSH, 13849, ADD, STORE, 1,
    LOAD, 1, PUSH, 255, AND, DUP, FETCH, LOAD, 1, PUSH, 3, SHR, LOAD, 0, ADD, XOR, PUT,
    LOAD, 0, PUSH, 1, ADD, DUP, STORE, 0, PUSH, 5000, LESS, BRANCH, 4,
    HALT,
};

static __attribute__((noinline)) void interpret(const int32_t *code, uint32_t seed, uint32_t *cells)
{
    uint32_t stack[16], *top = stack, variables[] = { 0, seed };
    for (const int32_t *pc = code;;) {
        switch ((enum opcode)*pc++) {
        case PUSH: *++top = (uint32_t)*pc++; break;
        case LOAD: *++top = variables[*pc++]; break;
        case STORE: variables[*pc++] = *top--; break;
        case FETCH: *top = cells[*top % CELLS]; break;
        case PUT: cells[top[-1] % CELLS] = *top; top -= 2; break;
        case ADD: top--; *top += top[1]; break;
        case MUL: top--; *top *= top[1]; break;
        case AND: top--; *top &= top[1]; break;
        case XOR: top--; *top ^= top[1]; break;
        case SHR: top--; *top >>= top[1] & 31; break;
        case LESS: top--; *top = *top < top[1]; break;
        case JUMP: pc = code + *pc; break;
        case BRANCH: pc = *top-- ? code + *pc : pc + 1; break;
        case DUP: top++; *top = top[-1]; break;
        case DROP: top--; break;
        case HALT: return;
        }
    }
}

uint64_t bytecode(uint64_t units)
{
    static uint32_t cells[CELLS];
    uint64_t sum = 0;
    while (units--) interpret(program, (uint32_t)units, cells);
    for (int i = 0; i < CELLS; i++) sum = mix(sum, cells[i]);
    return sum;
}

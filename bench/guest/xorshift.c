// 64-bit xorshift in a called function.
#include "workload.h"

static __attribute__((noinline)) uint64_t step(uint64_t *state)
{
    return next_random(state);
}

uint64_t xorshift(uint64_t units)
{
    uint64_t state = 88172645463325252ull, sum = 0;
    while (units--) sum += step(&state);
    return sum;
}

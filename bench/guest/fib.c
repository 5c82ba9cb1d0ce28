// Recursive Fibonacci numbers: calls and returns.
#include "workload.h"

// Without the inlining of a recursion into itself, which would leave few calls.
static __attribute__((noinline, optimize("no-inline", "no-ipa-cp", "no-optimize-sibling-calls", "no-partial-inlining"))) uint64_t recurse(uint64_t n)
{
    return n < 2 ? n : recurse(n - 1) + recurse(n - 2);
}

uint64_t fib(uint64_t units)
{
    uint64_t sum = 0;
    while (units--) sum = mix(sum, recurse(27));
    return sum;
}

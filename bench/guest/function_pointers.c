// Calls through a table of function pointers.
#include "workload.h"

typedef uint64_t operation(uint64_t a, uint64_t b);

static uint64_t add(uint64_t a, uint64_t b) { return a + b; }
static uint64_t subtract(uint64_t a, uint64_t b) { return a - b; }
static uint64_t exclusive(uint64_t a, uint64_t b) { return a ^ b; }
static uint64_t rotate(uint64_t a, uint64_t b) { return (a << (b & 63)) | (a >> (-b & 63)); }
static uint64_t multiply(uint64_t a, uint64_t b) { return a * (b | 1); }
static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a + 1 : b; }
static uint64_t shift(uint64_t a, uint64_t b) { return a ^ (b >> 3); }
static uint64_t both(uint64_t a, uint64_t b) { return (a & b) + 3; }

static operation *volatile const operations[] = { add, subtract, exclusive, rotate, multiply, least, shift, both };

uint64_t function_pointers(uint64_t units)
{
    uint64_t value = 1;
    for (uint64_t i = 0; i < units; i++) value = operations[(i ^ (i >> 3)) & 7](value, i);
    return value;
}

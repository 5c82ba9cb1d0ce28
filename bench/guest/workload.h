// What a benchmark workload is, and what the workloads share.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Does `units` units of work and returns a checksum that is the same wherever it runs.
typedef uint64_t workload_function(uint64_t units);

struct workload {
    const char *name;
    const char *group;         // "integer", "vector" (floating point and SIMD), "memory" or "system"
    workload_function *run;
    uint64_t units;            // at scale 1: some 0.1 s on a current processor
    const char *what;
    void (*prepare)(void);     // done before the clock starts, or NULL
};

extern const struct workload workloads[];
extern const size_t workload_count;

// Directory of the programs that workloads execute.
extern const char *program_directory;

// Ends the program: something the workload needs does not work here.
_Noreturn void fail(const char *what);

// Memory from mmap, zeroed, aligned to pages.
void *pages(size_t bytes);

// Marsaglia's xorshift64: the pseudo-random numbers of all workloads.
static inline uint64_t next_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

// Folds a value into a checksum.
static inline uint64_t mix(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * 0x100000001B3ull;
}

workload_function list_sort, crc16, state_machine, sieve, fib, function_pointers, xorshift, sha256, bytecode, integer_sort, self_modifying;
workload_function matrix_int, n_body, matrix_float, aes, x87, strided_vectors;
workload_function memory_copy, string_length, rep_movs, hash_table;
workload_function system_calls, exec_static, exec_dynamic, pipe_ping_pong, page_faults, signals;

void prepare_hash_table(void);

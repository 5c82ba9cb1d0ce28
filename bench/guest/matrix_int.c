// 64x64 integer matrix product, four lanes at a time with what SSE2 has.
#include "workload.h"

enum { N = 64 };

typedef uint32_t lanes __attribute__((vector_size(16)));

static __attribute__((noinline)) void multiply(const uint32_t (*a)[N], const uint32_t (*b)[N], uint32_t (*c)[N])
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j += 4) {
            lanes sum = { 0 };
            for (int k = 0; k < N; k++) sum += a[i][k] * *(const lanes *)&b[k][j];
            *(lanes *)&c[i][j] = sum;
        }
    }
}

uint64_t matrix_int(uint64_t units)
{
    static uint32_t a[N][N] __attribute__((aligned(16))), b[N][N] __attribute__((aligned(16))), c[N][N] __attribute__((aligned(16)));
    uint64_t random = 7, sum = 0;
    for (int i = 0; i < N * N; i++) {
        a[i / N][i % N] = (uint32_t)next_random(&random);
        b[i / N][i % N] = (uint32_t)next_random(&random);
    }
    while (units--) {
        multiply(a, b, c);
        multiply(c, b, a);
    }
    for (int i = 0; i < N * N; i++) sum = mix(sum, a[i / N][i % N]);
    return sum;
}

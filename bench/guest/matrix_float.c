// 64x64 single-precision matrix product with AVX2 and FMA.
#include <immintrin.h>
#include <string.h>
#include "workload.h"

enum { N = 64 };

static float a[N][N] __attribute__((aligned(32))), b[N][N] __attribute__((aligned(32))), c[N][N] __attribute__((aligned(32)));

static __attribute__((noinline, target("avx2,fma"))) void multiply(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j += 16) {
            __m256 low = _mm256_setzero_ps(), high = _mm256_setzero_ps();
            for (int k = 0; k < N; k++) {
                __m256 factor = _mm256_broadcast_ss(&a[i][k]);
                low = _mm256_fmadd_ps(factor, _mm256_load_ps(&b[k][j]), low);
                high = _mm256_fmadd_ps(factor, _mm256_load_ps(&b[k][j + 8]), high);
            }
            _mm256_store_ps(&c[i][j], low);
            _mm256_store_ps(&c[i][j + 8], high);
        }
    }
}

uint64_t matrix_float(uint64_t units)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) fail("no AVX2 and FMA");
    uint64_t random = 3, sum = 0;
    for (int i = 0; i < N * N; i++) {
        a[i / N][i % N] = (float)(next_random(&random) >> 40) * 0x1p-24f;
        b[i / N][i % N] = (float)(next_random(&random) >> 40) * 0x1p-24f;
    }
    while (units--) {
        multiply();
        uint32_t bits[N];
        memcpy(bits, c[units % N], sizeof bits);
        for (int i = 0; i < N; i++) sum = mix(sum, bits[i]);
        // What was computed goes into the next product.
        a[units % N][0] = c[units % N][1] * 0x1p-6f;
    }
    return sum;
}

// a = b * s + c with SSE2 over four arrays exactly 16 MBytes apart: every access wants the same set of a TLB indexed by page number.
#include <emmintrin.h>
#include "workload.h"

enum { DISTANCE = 16 << 20, USED = 256 << 10 };

static __attribute__((noinline)) void triad(char *base, int scale)
{
    __m128i factor = _mm_set1_epi16((short)scale);
    for (size_t at = 0; at < USED; at += sizeof(__m128i)) {
        __m128i b = _mm_load_si128((const __m128i *)(base + DISTANCE + at));
        __m128i c = _mm_load_si128((const __m128i *)(base + 2 * DISTANCE + at));
        __m128i d = _mm_load_si128((const __m128i *)(base + 3 * DISTANCE + at));
        _mm_store_si128((__m128i *)(base + at), _mm_add_epi16(_mm_mullo_epi16(b, factor), _mm_xor_si128(c, d)));
    }
}

uint64_t strided_vectors(uint64_t units)
{
    char *base = pages(4ul * DISTANCE);
    uint64_t random = 19, sum = 0;
    for (int array = 1; array < 4; array++) {
        uint64_t *words = (uint64_t *)(base + (size_t)array * DISTANCE);
        for (size_t i = 0; i < USED / sizeof *words; i++) words[i] = next_random(&random);
    }
    while (units--) {
        triad(base, (int)units + 3);
        sum = mix(sum, *(uint64_t *)(base + (units * 64) % USED));
    }
    return sum;
}

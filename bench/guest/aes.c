// AES-128 in counter mode with AES-NI.
#include <immintrin.h>
#include "workload.h"

enum { ROUNDS = 10, BLOCKS = 256 };

#define AES __attribute__((target("aes,sse4.1")))

static AES __m128i expand(__m128i key, __m128i assist)
{
    assist = _mm_shuffle_epi32(assist, 0xFF);
    key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
    key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
    key = _mm_xor_si128(key, _mm_slli_si128(key, 4));
    return _mm_xor_si128(key, assist);
}

static AES void schedule(__m128i key, __m128i keys[ROUNDS + 1])
{
    keys[0] = key;
#define ROUND(n, constant) keys[n] = expand(keys[(n) - 1], _mm_aeskeygenassist_si128(keys[(n) - 1], constant))
    ROUND(1, 0x01); ROUND(2, 0x02); ROUND(3, 0x04); ROUND(4, 0x08); ROUND(5, 0x10);
    ROUND(6, 0x20); ROUND(7, 0x40); ROUND(8, 0x80); ROUND(9, 0x1B); ROUND(10, 0x36);
#undef ROUND
}

static __attribute__((noinline)) AES void encrypt(__m128i *data, const __m128i keys[ROUNDS + 1], uint64_t counter)
{
    for (int i = 0; i < BLOCKS; i += 4) {
        __m128i b0 = _mm_set_epi64x(0, (long long)(counter + i)), b1 = _mm_set_epi64x(1, (long long)(counter + i));
        __m128i b2 = _mm_set_epi64x(2, (long long)(counter + i)), b3 = _mm_set_epi64x(3, (long long)(counter + i));
        b0 = _mm_xor_si128(b0, keys[0]); b1 = _mm_xor_si128(b1, keys[0]);
        b2 = _mm_xor_si128(b2, keys[0]); b3 = _mm_xor_si128(b3, keys[0]);
        for (int round = 1; round < ROUNDS; round++) {
            b0 = _mm_aesenc_si128(b0, keys[round]); b1 = _mm_aesenc_si128(b1, keys[round]);
            b2 = _mm_aesenc_si128(b2, keys[round]); b3 = _mm_aesenc_si128(b3, keys[round]);
        }
        data[i] = _mm_xor_si128(data[i], _mm_aesenclast_si128(b0, keys[ROUNDS]));
        data[i + 1] = _mm_xor_si128(data[i + 1], _mm_aesenclast_si128(b1, keys[ROUNDS]));
        data[i + 2] = _mm_xor_si128(data[i + 2], _mm_aesenclast_si128(b2, keys[ROUNDS]));
        data[i + 3] = _mm_xor_si128(data[i + 3], _mm_aesenclast_si128(b3, keys[ROUNDS]));
    }
}

AES uint64_t aes(uint64_t units)
{
    if (!__builtin_cpu_supports("aes") || !__builtin_cpu_supports("sse4.1")) fail("no AES-NI");
    static __m128i data[BLOCKS];
    __m128i keys[ROUNDS + 1];
    uint64_t sum = 0;
    schedule(_mm_set_epi32(0x0F0E0D0C, 0x0B0A0908, 0x07060504, 0x03020100), keys);
    for (uint64_t i = 0; i < units; i++) encrypt(data, keys, i * BLOCKS);
    for (int i = 0; i < BLOCKS; i++) sum = mix(sum, (uint64_t)_mm_extract_epi64(data[i], 0) ^ (uint64_t)_mm_extract_epi64(data[i], 1));
    return sum;
}

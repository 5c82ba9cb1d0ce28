// Memory in bulk: the C library's routines, the string instructions, and a table larger than every TLB.
#include <string.h>
#include <sys/mman.h>
#include "workload.h"

uint64_t memory_copy(uint64_t units)
{
    // From tiny to a megabyte, at all alignments.
    static const uint32_t lengths[] = { 7, 24, 64, 200, 1000, 4096, 30000, 1 << 20 };
    enum { BYTES = 3 << 20 };
    unsigned char *from = pages(BYTES), *to = pages(BYTES);
    uint64_t random = 5, sum = 0;
    for (size_t i = 0; i < BYTES; i++) from[i] = (unsigned char)(i * 31 + (i >> 8));
    while (units--) {
        for (int repeat = 0; repeat < 8; repeat++) {
            for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
                uint64_t value = next_random(&random);
                uint32_t source = (uint32_t)value & 0xFFFFF, target = (uint32_t)(value >> 32) & 0xFFFFF, length = lengths[i];
                if (length >= 1 << 20 && repeat) continue;
                memcpy(to + target, from + source, length);
                sum = mix(sum, to[target + length / 2]);
            }
        }
    }
    return sum;
}

uint64_t string_length(uint64_t units)
{
    enum { BYTES = 1 << 16 };
    char *text = pages(BYTES);
    uint64_t random = 9, sum = 0;
    memset(text, 'x', BYTES - 1);
    for (int i = 0; i < 600; i++) text[next_random(&random) % BYTES] = 0;
    while (units--) {
        for (size_t at = 0; at < BYTES;) {
            size_t length = strlen(text + at);
            sum = mix(sum, length);
            at += length + 1;
        }
    }
    return sum;
}

static __attribute__((noinline)) void move_bytes(void *to, const void *from, size_t count)
{
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

static __attribute__((noinline)) void move_words(void *to, const void *from, size_t count)
{
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

static __attribute__((noinline)) void fill_bytes(void *to, uint8_t value, size_t count)
{
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
}

uint64_t rep_movs(uint64_t units)
{
    enum { BYTES = 1 << 18 };
    unsigned char *from = pages(BYTES + 4096), *to = pages(BYTES + 4096);
    uint64_t random = 11, sum = 0;
    for (size_t i = 0; i < BYTES; i++) from[i] = (unsigned char)(i * 7 + (i >> 9));
    while (units--) {
        uint64_t value = next_random(&random);
        move_bytes(to + (value & 63), from + ((value >> 8) & 63), BYTES - 64);
        move_words(to, from + 8, BYTES / 8);
        fill_bytes(to + (value & 0xFFFF), (uint8_t)value, BYTES / 2);
        for (int i = 0; i < 64; i++) move_bytes(to + i * 100, from + i * 90, 40 + i);
        sum = mix(sum, to[(value >> 20) % BYTES]);
    }
    return sum;
}

// Open addressing over 256 MBytes, up to a quarter filled, looked up at random: nearly every access misses the TLB.
enum { SLOTS = 1 << 24 };

static struct slot { uint64_t key, value; } *slots;

void prepare_hash_table(void)
{
    slots = pages(SLOTS * sizeof *slots);
    if (madvise(slots, SLOTS * sizeof *slots, MADV_NOHUGEPAGE)) fail("madvise");
    for (size_t i = 0; i < SLOTS; i += 4096 / sizeof *slots) slots[i].value = 1;
}

uint64_t hash_table(uint64_t units)
{
    uint64_t random = 13, sum = 0;
    for (uint64_t i = 0; i < units; i++) {
        uint64_t key = next_random(&random) | 1;
        uint64_t at = (key * 0x9E3779B97F4A7C15ull) >> 40;
        while (slots[at].key && slots[at].key != key) at = (at + 1) % SLOTS;
        slots[at].key = key;
        slots[at].value += i;
        sum = mix(sum, slots[(sum >> 32) % SLOTS].value + at);
    }
    return sum;
}

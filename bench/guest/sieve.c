// Sieve of Eratosthenes, one byte a number.
#include <string.h>
#include "workload.h"

enum { LIMIT = 1 << 19 };

uint64_t sieve(uint64_t units)
{
    char *composite = pages(LIMIT);
    uint64_t sum = 0;
    while (units--) {
        uint64_t primes = 0;
        memset(composite, 0, LIMIT);
        for (uint32_t i = 2; i < LIMIT; i++) {
            if (composite[i]) continue;
            primes++;
            for (uint32_t j = i + i; j < LIMIT; j += i) composite[j] = 1;
        }
        sum = mix(sum, primes);
    }
    return sum;
}

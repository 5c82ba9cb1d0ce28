// Extended-precision arithmetic on the x87: the Leibniz series, a Mandelbrot orbit, square roots.
#include <math.h>
#include <string.h>
#include "workload.h"

uint64_t x87(uint64_t units)
{
    long double pi = 0, sign = 4, x = 0, y = 0, roots = 0;
    uint64_t escapes = 0;
    for (uint64_t i = 0; i < units; i++) {
        pi += sign / (long double)(2 * i + 1);
        sign = -sign;
        long double square = x * x - y * y + 0.28L;
        y = 2 * x * y + 0.008L;
        x = square;
        if (x * x + y * y > 4) {
            escapes++;
            x = y = 0;
        }
        roots += __builtin_sqrtl((long double)i);
    }
    uint64_t sum = escapes, bits[2] = { 0 };
    const long double results[] = { pi, roots, x, y };
    for (int i = 0; i < 4; i++) {
        memcpy(bits, &results[i], 10);
        sum = mix(mix(sum, bits[0]), bits[1]);
    }
    return sum;
}

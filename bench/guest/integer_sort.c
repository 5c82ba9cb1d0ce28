// Quicksort of an array of 32-bit integers, short runs by insertion.
#include "workload.h"

enum { ELEMENTS = 1 << 17, SHORT = 12 };

static void insertion(int32_t *a, long count)
{
    for (long i = 1; i < count; i++) {
        int32_t value = a[i];
        long j = i;
        for (; j > 0 && a[j - 1] > value; j--) a[j] = a[j - 1];
        a[j] = value;
    }
}

static void quicksort(int32_t *a, long count)
{
    while (count > SHORT) {
        int32_t pivot = a[count / 2];
        long i = -1, j = count;
        for (;;) {
            do i++; while (a[i] < pivot);
            do j--; while (a[j] > pivot);
            if (i >= j) break;
            int32_t swap = a[i];
            a[i] = a[j];
            a[j] = swap;
        }
        quicksort(a, j + 1);
        a += j + 1;
        count -= j + 1;
    }
    insertion(a, count);
}

uint64_t integer_sort(uint64_t units)
{
    int32_t *elements = pages(ELEMENTS * sizeof *elements);
    uint64_t random = 17, sum = 0;
    while (units--) {
        for (int i = 0; i < ELEMENTS; i++) elements[i] = (int32_t)next_random(&random);
        quicksort(elements, ELEMENTS);
        for (int i = 0; i < ELEMENTS; i += 97) sum = mix(sum, (uint32_t)elements[i]);
    }
    return sum;
}

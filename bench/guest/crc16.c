// CRC-16/CCITT a bit at a time: 8- and 16-bit registers, shifts, branches.
#include "workload.h"

static __attribute__((noinline)) uint16_t update(uint16_t crc, uint8_t byte)
{
    for (uint8_t bit = 0; bit < 8; bit++) {
        uint8_t carry = (uint8_t)(byte & 1) ^ (uint8_t)((crc >> 15) & 1);
        byte >>= 1;
        crc = (uint16_t)(crc << 1);
        if (carry) crc ^= 0x1021;
    }
    return crc;
}

uint64_t crc16(uint64_t units)
{
    uint64_t random = 42;
    uint16_t crc = 0xFFFF;
    while (units--) crc = update(crc, (uint8_t)next_random(&random));
    return crc;
}

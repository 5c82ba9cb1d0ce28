// Runs the code of self_modifying.S.
#include <string.h>
#include <sys/mman.h>
#include "workload.h"

extern uint32_t patch_and_run(uint8_t *code, uint32_t count);
extern const uint8_t self_modifying_code[], self_modifying_code_end[];

uint64_t self_modifying(uint64_t units)
{
    uint8_t *code = pages(4096);
    if (mprotect(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC)) fail("no writable and executable memory");
    memcpy(code, self_modifying_code, (size_t)(self_modifying_code_end - self_modifying_code));
    return patch_and_run(code, (uint32_t)units);
}

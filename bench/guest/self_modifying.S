# Code that patches itself: the immediate operand of a MOV is rewritten before each of its executions.
# uint32_t patch_and_run(uint8_t *code, uint32_t count): `code` is a copy of self_modifying_code in writable, executable memory.
        .text
        .globl  patch_and_run
        .type   patch_and_run, @function
patch_and_run:
        push    %rbx
        push    %rbp
        push    %r12
        mov     %rdi, %rbx
        mov     %esi, %ebp
        xor     %r12d, %r12d
1:      mov     %ebp, 1(%rbx)                   # the immediate of "mov $imm32, %eax"
        call    *%rbx
        rol     $5, %r12d
        xor     %eax, %r12d
        dec     %ebp
        jnz     1b
        mov     %r12d, %eax
        pop     %r12
        pop     %rbp
        pop     %rbx
        ret
        .size   patch_and_run, . - patch_and_run

        .globl  self_modifying_code, self_modifying_code_end
self_modifying_code:
        mov     $0, %eax
        imul    $1664525, %eax, %eax
        add     $1013904223, %eax
        ret
self_modifying_code_end:

        .section .note.GNU-stack, "", @progbits

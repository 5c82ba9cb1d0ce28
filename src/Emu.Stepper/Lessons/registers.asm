; Registers and flags: one register, many names, and what arithmetic leaves behind.
section .text
global _start
_start:
    mov     rax, 0x1122334455667788     ; all 64 bits
    mov     al, 0xff                    ; only the lowest byte
    mov     ah, 0                       ; only the second byte
    mov     ax, 0x1234                  ; only the low 16 bits
writes32:
    mov     eax, 1                      ; 32 bits: and the upper 32 become zero!
flags:
    mov     bl, 250
    add     bl, 5                       ; 255: fits
    add     bl, 1                       ; 256: does not fit in 8 bits
zero:
    mov     ecx, 3
    sub     ecx, 3                      ; nothing left: ZF
    inc     ecx                         ; ZF goes away, CF stays as it was
done:
    mov     eax, 60                     ; exit(0)
    xor     edi, edi
    syscall

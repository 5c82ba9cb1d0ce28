; Memory: sizes, byte order, and how an address is computed.
section .data
numbers:    dd 10, 20, 30, 40
record:     db 7                        ; a small record: one byte,
            dw 0x1234                   ; a word,
            dd 0xcafef00d               ; and a doubleword
section .text
global _start
_start:
    mov     eax, [numbers]              ; the first
    mov     eax, [numbers+4]            ; the second: 4 bytes further
    mov     rbx, numbers
    mov     ecx, 3
    mov     eax, [rbx+rcx*4]            ; base + index * scale
    lea     rdx, [rbx+rcx*4]            ; only the address
bytes:
    mov     al, [record+3]              ; the lowest byte comes first
    movzx   eax, word [record+1]
    mov     eax, [record+3]
relative:
    mov     eax, [rel numbers]          ; relative to the next instruction
change:
    add     dword [numbers+8], 12       ; 30 becomes 42
    bswap   eax
    mov     [numbers], eax
done:
    mov     eax, 60
    xor     edi, edi
    syscall

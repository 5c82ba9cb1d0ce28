; Decisions: if, while, and doing without jumps. The largest number of a list, twice.
section .data
list:       dd 3, -8, 25, 17, -1
count       equ ($ - list) / 4
section .text
global _start
_start:
    mov     rsi, list
    mov     ecx, count - 1
    mov     eax, [rsi]                  ; the largest so far
next:
    add     rsi, 4
    cmp     [rsi], eax                  ; sets the flags
    jle     not_larger                  ; signed!
    mov     eax, [rsi]
not_larger:
    dec     ecx
    jnz     next                        ; the flags of DEC
without:
    mov     rsi, list
    mov     ecx, count - 1
    mov     ebx, [rsi]
again:
    add     rsi, 4
    cmp     [rsi], ebx
    cmovg   ebx, [rsi]                  ; moves only if greater
    dec     ecx
    jnz     again
result:
    cmp     eax, ebx
    sete    dl                          ; DL = 1 if equal
    movzx   edi, dl
    mov     eax, 60
    syscall

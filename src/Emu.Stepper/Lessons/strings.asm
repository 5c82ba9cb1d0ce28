; Loops and strings: LOOP, and the instructions that walk through memory by themselves.
section .data
text:       db "The quick brown fox", 0
text_end:
section .bss
copy:       resb 32
section .text
global _start
_start:
    mov     ecx, 4                      ; how often
    xor     eax, eax
add_up:
    add     eax, ecx
    loop    add_up                      ; RCX counts down to zero
    ; EAX is 4 + 3 + 2 + 1
length:
    mov     rdi, text
    xor     eax, eax                    ; what to look for: a zero byte
    mov     rcx, -1                     ; as far as it takes
    cld                                 ; upwards
    repne   scasb
    not     rcx
    dec     rcx                         ; RCX is the length now
copying:
    mov     rsi, text
    mov     rdi, copy
    rep     movsb                       ; all of it at once
comparing:
    mov     byte [copy+4], 'Q'
    mov     rsi, text
    mov     rdi, copy
    mov     ecx, 19
    repe    cmpsb                       ; stops at the first difference
    ; RSI and RDI are one behind it
filling:
    mov     rdi, copy
    mov     al, '*'
    mov     ecx, 19
    rep     stosb
done:
    mov     eax, 60
    xor     edi, edi
    syscall

; Code is data: a program that changes its own instructions.
bits 32
org 0x100000
start:
    mov     esp, 0x90000
    mov     ecx, 3
patch:
    mov     eax, 1                      ; the 1 is in memory, at patch+1
    add     ebx, eax
    inc     byte [patch+1]              ; the next round loads 2, then 3
    loop    patch
rewrite:
    mov     byte [target], 0x40         ; 40h is INC EAX
    mov     byte [target+1], 0x90       ; 90h is NOP
target:
    jmp     target                      ; would loop for ever, but it is gone
after:
    hlt

; Signed and unsigned: the same bits, two meanings, two sets of jumps.
section .text
global _start
_start:
    mov     al, 0x80                    ; 128, or -128
    mov     bl, 1
compare:
    cmp     al, bl                      ; is it above 1, or less than 1?
    ja      above                       ; unsigned: 128 is above 1
    hlt                                 ; never reached
above:
    cmp     al, bl
    jl      less                        ; signed: -128 is less than 1
    hlt                                 ; never reached
less:
    mov     cl, 127
    add     cl, 1                       ; signed overflow: OF
overflow:
    mov     dl, 255
    add     dl, 1                       ; unsigned overflow: CF
extend:
    movzx   esi, al                     ; 128
    movsx   edi, al                     ; -128
    neg     edi                         ; 128
divide:
    mov     eax, -7
    cdq                                 ; the sign of EAX goes to all of EDX
    mov     ecx, 2
    idiv    ecx                         ; -3, remainder -1
done:
    mov     eax, 60
    xor     edi, edi
    syscall

; SSE: four numbers at once.
section .data
align 16
a:          dd 1.0, 2.0, 3.0, 4.0
b:          dd 10.0, 20.0, 30.0, 40.0
bytes1:     db 250, 251, 252, 253, 254, 255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9
ten:        times 16 db 10
half:       dq 0.5
section .bss
align 16
sum:        resd 4
section .text
global _start
_start:
    movaps  xmm0, [a]                   ; four singles, aligned
    movaps  xmm1, [b]
    addps   xmm0, xmm1                  ; four additions
    movaps  [sum], xmm0
scalar:
    movsd   xmm2, [half]                ; one double; the rest is cleared
    addsd   xmm2, xmm2
    sqrtsd  xmm3, xmm2
integers:
    movdqa  xmm4, [bytes1]
    movdqa  xmm5, xmm4
    paddb   xmm4, [ten]                 ; sixteen bytes, wrapping around
    paddusb xmm5, [ten]                 ; sixteen bytes, stopping at 255
shuffle:
    shufps  xmm0, xmm0, 0x1b            ; the other way round: 3 2 1 0
compare:
    movaps  xmm6, [a]
    cmpltps xmm6, [b]                   ; all ones where a < b
    movmskps eax, xmm6                  ; one bit a lane
convert:
    cvttss2si ecx, xmm0                 ; to an integer, cut off
done:
    mov     eax, 60
    xor     edi, edi
    syscall

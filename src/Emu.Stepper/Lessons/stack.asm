; The stack and calls: who remembers where to return to?
section .text
global _start
_start:
    mov     rax, 0x1111
    mov     rbx, 0x2222
    push    rax                         ; the stack grows downwards
    push    rbx
    pop     rax                         ; last in, first out: they change places
    pop     rbx
calling:
    mov     edi, 5
    call    factorial                   ; pushes the address of the next instruction
returned:
    mov     edi, eax
    mov     eax, 60
    syscall                             ; exit(120)

; factorial(EDI) in EAX, by calling itself
factorial:
    push    rbp                         ; a frame: save the caller's,
    mov     rbp, rsp                    ; mark ours,
    sub     rsp, 8                      ; and make room for a variable
    mov     [rbp-8], edi
    cmp     edi, 1
    jbe     base
    dec     edi
    call    factorial
    imul    eax, [rbp-8]
    jmp     leave_it
base:
    mov     eax, 1
leave_it:
    leave                               ; RSP = RBP, pop RBP
    ret                                 ; pop RIP

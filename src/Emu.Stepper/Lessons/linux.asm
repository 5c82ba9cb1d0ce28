; System calls: how a program asks the operating system.
section .data
question:   db "Your name? "
question_length equ $ - question
hello:      db "Hello, "
hello_length equ $ - hello
section .bss
name:       resb 32
section .text
global _start
_start:
    mov     eax, 1                      ; write
    mov     edi, 1                      ; to standard output
    mov     rsi, question
    mov     edx, question_length
    syscall
asking:
    xor     eax, eax                    ; read
    xor     edi, edi                    ; from standard input
    mov     rsi, name
    mov     edx, 32
    syscall                             ; RAX: how many bytes came
    mov     ebx, eax
answering:
    mov     eax, 1
    mov     edi, 1
    mov     rsi, hello
    mov     edx, hello_length
    syscall
    mov     eax, 1
    mov     rsi, name
    mov     edx, ebx
    syscall
mistake:
    mov     eax, 1
    mov     edi, 7                      ; there is no file 7
    syscall                             ; RAX is negative: an error
done:
    mov     eax, 60
    xor     edi, edi
    syscall

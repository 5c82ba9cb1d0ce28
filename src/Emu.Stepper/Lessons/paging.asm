; Paging by hand: map a page, use it, break it, and mend it in the page-fault handler.
bits 64
org 0x100000
window      equ 0x40000000              ; 1 GiB: an address that nothing is mapped at
pdpt        equ 0x200000
directory   equ 0x201000
table       equ 0x202000
frame       equ 0x300000                ; the physical page
start:
    mov     rsp, 0x90000
    lidt    [idt_pointer]
    mov     rax, fault                  ; entry 14 of the IDT: page fault
    mov     [idt+14*16], ax
    shr     rax, 16
    mov     [idt+14*16+6], ax
build:
    ; the window's directory: 1 GiB is entry 1 of the PDPT that is in use
    mov     rax, cr3
    mov     rbx, [rax]                  ; PML4[0]
    and     rbx, -4096                  ; without its low bits: the PDPT
    mov     qword [rbx+8], directory+3  ; PDPT[1]
    mov     qword [directory], table+3  ; PD[0]
    mov     qword [table], frame+3      ; PT[0]: present, writable
    mov     rax, cr3
    mov     cr3, rax                    ; forget what was cached
use:
    mov     rdi, window
    mov     dword [rdi], 0x600d         ; through four tables...
    mov     eax, [frame]                ; ...to this physical page
readonly:
    mov     rax, cr0
    or      rax, 0x10000                ; CR0.WP: read-only also for us
    mov     cr0, rax
    mov     qword [table], frame+1      ; not writable any more
    invlpg  [rdi]
    mov     dword [rdi], 1              ; page fault!
mended:
    mov     eax, [frame]
    hlt

fault:
    mov     rcx, cr2                    ; the address
    pop     rdx                         ; the error code
    or      qword [table], 2            ; writable again
    invlpg  [rcx]
    iretq                               ; try once more

align 16
idt:
    times 14 dq 0, 0
    dw 0, 8, 0x8e00, 0                  ; selector 8, interrupt gate; the offset comes above
    dd 0, 0
idt_pointer:
    dw $ - idt - 1
    dq idt

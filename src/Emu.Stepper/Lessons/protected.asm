; From real mode through protected mode to long mode: what a boot loader does.
bits 16
org 0x7c00
start:
    cli                                 ; no interrupts: there are no handlers
    xor     ax, ax
    mov     ds, ax
    mov     ss, ax
    mov     sp, 0x7c00
segments:
    mov     ax, 0x0900                  ; a segment of ordinary memory
    mov     es, ax
    mov     byte [es:0], 'R'            ; linear address 0900h * 16 + 0
descriptors:
    lgdt    [gdt_pointer]               ; where the segment descriptors are
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax                    ; protected mode begins,
    jmp     8:protected                 ; and the far jump loads CS

bits 32
protected:
    mov     ax, 16                      ; a selector now, not a paragraph
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     byte [0x9002], 'P'          ; 32-bit addresses
tables:
    mov     edi, 0x1000                 ; PML4 at 1000h, PDPT at 2000h, PD at 3000h
    xor     eax, eax
    mov     ecx, 3 * 1024
    rep     stosd
    mov     dword [0x1000], 0x2003      ; present, writable
    mov     dword [0x2000], 0x3003
    mov     dword [0x3000], 0x83        ; a page of 2 MiB at 0
enable:
    mov     eax, cr4
    or      eax, 0x20                   ; CR4.PAE
    mov     cr4, eax
    mov     eax, 0x1000
    mov     cr3, eax
    mov     ecx, 0xc0000080             ; IA32_EFER
    rdmsr
    or      eax, 0x100                  ; LME
    wrmsr
    mov     eax, cr0
    or      eax, 0x80000000             ; PG
    mov     cr0, eax                    ; long mode is active: compatibility mode
    jmp     24:long_mode                ; and the far jump makes it 64-bit

bits 64
long_mode:
    mov     rax, 0x123456789abcdef0
    mov     byte [0x9004], 'L'
done:
    hlt

align 8
gdt:
    dq 0                                ; null
    dq 0x00cf9b000000ffff               ; 08: 32-bit code
    dq 0x00cf93000000ffff               ; 10: data
    dq 0x00af9b000000ffff               ; 18: 64-bit code
gdt_pointer:
    dw gdt_pointer - gdt - 1
    dd gdt

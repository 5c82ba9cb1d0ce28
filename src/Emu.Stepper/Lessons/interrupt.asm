; An interrupt handler: the timer interrupts, whatever the program is doing.
bits 16
org 0x7c00
start:
    cli
    xor     ax, ax
    mov     ds, ax
    mov     ss, ax
    mov     sp, 0x7c00
vector:
    mov     word [0x20*4], tick         ; entry 20h of the interrupt table: offset,
    mov     word [0x20*4+2], 0          ; and segment
controller:
    mov     al, 0x11                    ; the interrupt controller: begin to set up,
    out     0x20, al
    mov     al, 0x20                    ; line 0 is vector 20h,
    out     0x21, al
    mov     al, 4
    out     0x21, al
    mov     al, 1
    out     0x21, al
    mov     al, 0xfe                    ; and only line 0, the timer, gets through
    out     0x21, al
timer:
    mov     al, 0x34                    ; the timer: channel 0, again and again,
    out     0x43, al
    mov     al, 0xa9                    ; every 1193 ticks of its clock: 1 ms
    out     0x40, al
    mov     al, 4
    out     0x40, al
    sti                                 ; from now on
waiting:
    hlt                                 ; sleep until something interrupts
    cmp     word [ticks], 3
    jb      waiting
software:
    int     0x20                        ; the same handler, called by hand
done:
    cli
    hlt

tick:
    push    ax
    inc     word [ticks]
    mov     al, 0x20                    ; tell the controller: handled
    out     0x20, al
    pop     ax
    iret                                ; back, with the flags as they were

ticks:      dw 0

#!/bin/busybox sh
# First program of the guest of "emu linux": prepares the usual places, then runs a command or a shell.
/bin/busybox --install -s
export PATH=/usr/bin:/bin:/usr/sbin:/sbin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run
hostname emu
ip link set lo up 2>/dev/null
cd /root

if [ -f /command ]; then
    # The command's output has a line of its own, past the kernel's messages; its status follows a record separator.
    stty -F /dev/ttyS1 115200 raw -echo
    sh /command </dev/null >/dev/ttyS1 2>&1
    printf '\036%d\n' $? >/dev/ttyS1
    poweroff -f
fi

dmesg -n 4
echo
echo "Linux $(uname -r) on emu. Ctrl-A X ends the emulator, 'exit' or 'poweroff' the guest."
[ -n "$ROWS" ] && stty rows "$ROWS" cols "$COLUMNS"
export PS1='\w # '
setsid cttyhack sh -l
poweroff -f

#!/usr/bin/env bash
# root-image.sh DIRECTORY: installs a minimal Debian with debootstrap (as root, through the network) and leaves in DIRECTORY
# root.img, a raw disk with its root file system on the whole disk; vmlinuz and initrd.img, its kernel. Root's password is "emu".
set -euo pipefail
out=$1
mkdir -p "$out"
work=$(mktemp -d "$out/work.XXXXXX"); trap 'rm -rf "$work"' EXIT
root=$work/root
debootstrap --variant=minbase --include=linux-image-amd64,systemd-sysv,udev,kmod bookworm "$root" http://deb.debian.org/debian
echo root:emu | chroot "$root" chpasswd
echo emu >"$root/etc/hostname"
echo '/dev/sda / ext4 errors=remount-ro 0 1' >"$root/etc/fstab"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
cp -L "$root/vmlinuz" "$work/vmlinuz"
cp -L "$root/initrd.img" "$work/initrd.img"
rm -f "$root"/boot/initrd.img-*
truncate -s 1G "$work/root.img"
mke2fs -q -t ext4 -d "$root" "$work/root.img"
mv "$work/vmlinuz" "$work/initrd.img" "$out/"
# Last, and in one step: its presence means that everything is there.
mv "$work/root.img" "$out/"

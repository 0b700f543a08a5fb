#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make-disk.sh: makes /shared/tiny.qcow2 of the sources in /shared/tiny, in a Debian that has the tools,
# the kernel and the packages of build.ts. boot-disk.sh says how the disk is laid out; the guest's own
# partition is for data (ext4, KILODATA).
set -euo pipefail
sources=/shared/tiny
work=$(mktemp -d)
initramfs=$work/initramfs
kernel=$(ls /boot/vmlinuz-*)
version=${kernel#/boot/vmlinuz-}
export SOURCE_DATE_EPOCH=1767225600 TZ=UTC
umask 022

data_mib=64
. /shared/boot-disk.sh

# ---- initramfs

make_tree() {
  mkdir -p "$initramfs"/{bin,sbin,etc,dev,proc,sys,run,tmp,mnt,root,data,lib/modules,lib64,var}
  mkdir -p "$initramfs"/usr/{sbin,lib/x86_64-linux-gnu}
  ln -s ../run "$initramfs/var/run"
  cp -a "$sources/rootfs/." "$initramfs"
  chmod -R u=rwX,go=rX "$initramfs"
  gcc -std=gnu17 -D_GNU_SOURCE -O2 -static -s -Wall -Wextra -Werror \
    -o "$initramfs/init" "$sources"/guest/*.c
}

add_busybox() {
  cp /usr/bin/busybox "$initramfs/bin/busybox"
  for applet in $(busybox --list); do
    case $applet in
      busybox | init | linuxrc | reboot | poweroff | halt | shutdown) ;;
      *) ln -s /bin/busybox "$initramfs/bin/$applet" ;;
    esac
  done
  for applet in reboot poweroff halt; do
    ln -s /bin/busybox "$initramfs/sbin/$applet"
  done
}

add_guest_agent() {
  cp /usr/sbin/qemu-ga "$initramfs/usr/sbin/"
  ldd /usr/sbin/qemu-ga | sed -nE 's/.*=> (\/[^ ]+) .*/\1/p' | while read -r library; do
    cp -L "$library" "$initramfs/usr/lib/x86_64-linux-gnu/"
    strip --strip-unneeded "$initramfs/usr/lib/x86_64-linux-gnu/${library##*/}"
  done
  cp -L /lib64/ld-linux-x86-64.so.2 "$initramfs/lib64/"
}

# A stage's modules in the order to load them, listed in a file of its name. They are unpacked: the
# signature that Secure Boot asks for is at the end of each.
add_modules() {
  stage=$1
  shift
  for module; do
    modprobe -S "$version" --show-depends "$module"
  done | awk '/^insmod/ && !seen[$2]++ {print $2}' | while read -r path; do
    name=$(basename "${path%.xz}")
    [ -e "$initramfs/lib/modules/$name" ] || xz -dc "$path" > "$initramfs/lib/modules/$name"
    echo "$name"
  done > "$initramfs/lib/modules/$stage"
}

pack_initramfs() {
  pack_tree "$initramfs" > "$work/initrd"
}

# ---- partitions

make_data_partition() {
  mkdir "$work/data"
  echo 0 > "$work/data/counter"
  touch -d "@$SOURCE_DATE_EPOCH" "$work/data" "$work/data/counter"
  truncate -s ${data_mib}M "$work/data.img"
  # What mke2fs would choose at random or by the clock is fixed.
  extended=hash_seed=4b494c4f-4e4f-5641-0000-000000000004,root_owner=0:0
  extended=$extended,lazy_itable_init=0,lazy_journal_init=0
  E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -t ext4 -b 4096 -J size=4 -L KILODATA \
    -O ^metadata_csum_seed,^orphan_file -U 4b494c4f-4e4f-5641-0000-000000000003 \
    -E "$extended" -d "$work/data" "$work/data.img"
}

depmod "$version"
make_tree
add_busybox
add_guest_agent
add_modules base virtio_blk virtio_net
add_modules ahci ahci sr_mod
add_modules iso9660 isofs nls_iso8859-1 nls_utf8
add_modules vfat nls_cp437 nls_ascii vfat
add_modules efi efivarfs
add_modules late button evdev pvpanic-pci virtio-rng i6300esb virtio_balloon virtio_mem \
  virtio_scsi sd_mod vfat nls_cp437 nls_ascii nls_utf8 isofs qemu_fw_cfg
pack_initramfs
make_boot_partition "$sources/kernel-command-line.txt"
make_data_partition
make_disk "$work/data.img" 00 /shared/tiny.qcow2

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make-disk.sh: makes /shared/tiny.qcow2 of the sources in /shared/tiny, in a Debian that has the tools,
# the kernel and the packages of build.ts. Needs no loop device and no mount; the same input gives the
# same disk. It boots under BIOS, UEFI and UEFI with Secure Boot (Debian's signed shim, GRUB, kernel).
#
# The disk, in sectors of 512 bytes: 34 GPT, 2048 GRUB's core image for BIOS, 4096 the EFI system
# partition with kernel and initramfs (FAT), 65536 the data partition (ext4, KILODATA).
set -euo pipefail
sources=/shared/tiny
work=$(mktemp -d)
initramfs=$work/initramfs
kernel=$(ls /boot/vmlinuz-*)
version=${kernel#/boot/vmlinuz-}
export SOURCE_DATE_EPOCH=1767225600 TZ=UTC
umask 022

core_sector=2048
esp_sector=4096 esp_sectors=61440
data_sector=65536 data_sectors=131072
disk_mib=128

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
  find "$initramfs" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  (cd "$initramfs" && find . -mindepth 1 -printf '%P\n' | sort |
    cpio --quiet --create --format=newc --reproducible -R 0:0) |
    zstd -q -19 > "$work/initrd"
}

# ---- partitions

# GRUB's command "linux" takes seconds where "linux16" takes none, but UEFI knows "linux" alone.
make_boot_partition() {
  options=$(tr '\n' ' ' < "$sources/kernel-command-line.txt")
  cat > "$work/grub.cfg" << END
set timeout=0
if [ "\$grub_platform" = pc ]; then
  linux16 /vmlinuz $options
  initrd16 /initrd
else
  linux /vmlinuz $options
  initrd /initrd
fi
boot
END
  cp "$kernel" "$work/vmlinuz"
  cp /usr/lib/shim/shimx64.efi.signed "$work/BOOTX64.EFI"
  cp /usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed "$work/grubx64.efi"
  touch -d "@$SOURCE_DATE_EPOCH" "$work"/{vmlinuz,initrd,grub.cfg,BOOTX64.EFI,grubx64.efi}
  truncate -s $((esp_sectors * 512)) "$work/esp"
  mkfs.fat --invariant -F 16 -s 8 -r 64 -n KILOBOOT -i 4b494c4f "$work/esp" > /dev/null
  mmd -i "$work/esp" ::/EFI ::/EFI/BOOT ::/EFI/debian
  mcopy -m -i "$work/esp" "$work/BOOTX64.EFI" "$work/grubx64.efi" ::/EFI/BOOT/
  mcopy -m -i "$work/esp" "$work/grub.cfg" ::/EFI/debian/
  mcopy -m -i "$work/esp" "$work/vmlinuz" "$work/initrd" ::/
}

make_data_partition() {
  mkdir "$work/data"
  echo 0 > "$work/data/counter"
  touch -d "@$SOURCE_DATE_EPOCH" "$work/data" "$work/data/counter"
  truncate -s $((data_sectors * 512)) "$work/data.img"
  # What mke2fs would choose at random or by the clock is fixed.
  extended=hash_seed=4b494c4f-4e4f-5641-0000-000000000004,root_owner=0:0
  extended=$extended,lazy_itable_init=0,lazy_journal_init=0
  E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -t ext4 -b 4096 -J size=4 -L KILODATA \
    -O ^metadata_csum_seed,^orphan_file -U 4b494c4f-4e4f-5641-0000-000000000003 \
    -E "$extended" -d "$work/data" "$work/data.img"
}

# Writes a number of 8 bytes, the lowest first, into a file at an offset.
put_number() {
  printf "$(printf '\\%03o\\%03o\\0\\0\\0\\0\\0\\0' $(($3 & 255)) $(($3 >> 8)))" |
    dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# Boot sector and core image name sectors of the disk: grub-bios-setup would put them in, given a disk
# that is attached.
make_grub() {
  grub-mkimage -d /usr/lib/grub/i386-pc -O i386-pc -C xz -p '(,gpt2)/EFI/debian' \
    -o "$work/core" biosdisk part_gpt fat normal linux16 test
  head -c 440 /usr/lib/grub/i386-pc/boot.img > "$work/boot"
  put_number "$work/boot" $((0x5c)) $core_sector
  put_number "$work/core" $((512 - 12)) $((core_sector + 1))
}

put() {
  dd if="$1" of="$work/disk" bs=512 seek="$2" conv=notrunc,sparse status=none
}

make_disk() {
  truncate -s ${disk_mib}M "$work/disk"
  sfdisk -q "$work/disk" << END
label: gpt
label-id: 4B494C4F-4E4F-5641-0000-000000000000
first-lba: 34
start=$core_sector, size=2048, type=21686148-6449-6E6F-744E-656564454649, uuid=4B494C4F-4E4F-5641-0000-000000000001, name=bios
start=$esp_sector, size=$esp_sectors, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=4B494C4F-4E4F-5641-0000-000000000002, name=esp
start=$data_sector, size=$data_sectors, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=4B494C4F-4E4F-5641-0000-000000000003, name=data
END
  put "$work/boot" 0
  put "$work/core" $core_sector
  put "$work/esp" $esp_sector
  put "$work/data.img" $data_sector
  qemu-img convert -f raw -O qcow2 "$work/disk" /shared/tiny.qcow2
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
make_boot_partition
make_data_partition
make_grub
make_disk

# SPDX-License-Identifier: Apache-2.0
# Functions for disks of test guests, which boot under BIOS, UEFI and UEFI with Secure Boot (Debian's
# signed shim, GRUB, kernel). No loop device and no mount is needed; the same input gives the same disk.
# They want $work, an empty directory, $kernel, the kernel's file, and SOURCE_DATE_EPOCH.
#
# A disk, in sectors of 512 bytes: 34 GPT, 2048 GRUB's core image for BIOS, 4096 the EFI system
# partition with kernel and initramfs (FAT), 65536 the guest's own partition.
core_sector=2048
esp_sector=4096 esp_sectors=61440
own_sector=65536

# pack_tree DIRECTORY: the tree as an initramfs, on standard output.
pack_tree() {
  find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  (cd "$1" && find . -mindepth 1 -printf '%P\n' | sort |
    cpio --quiet --create --format=newc --reproducible -R 0:0) |
    zstd -q -19
}

# make_boot_partition OPTIONS: of $kernel and the initramfs $work/initrd; OPTIONS is a file with the
# kernel's options, one a line.
# GRUB's command "linux" takes seconds where "linux16" takes none, but UEFI knows "linux" alone.
make_boot_partition() {
  options=$(tr '\n' ' ' < "$1")
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

# make_disk PARTITION SERIES OUT [OPTION...]: PARTITION is the image of the guest's own partition, SERIES
# two digits of the disk's and partitions' uuids, the options are qemu-img's.
make_disk() {
  own=$1 series=$2 out=$3
  shift 3
  own_sectors=$(($(stat -c %s "$own") / 512))
  make_grub
  truncate -s $(((own_sector + own_sectors + 2048) * 512)) "$work/disk"
  uuid=4B494C4F-4E4F-5641-0000-00000000$series
  sfdisk -q "$work/disk" << END
label: gpt
label-id: ${uuid}00
first-lba: 34
start=$core_sector, size=2048, type=21686148-6449-6E6F-744E-656564454649, uuid=${uuid}01, name=bios
start=$esp_sector, size=$esp_sectors, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, uuid=${uuid}02, name=esp
start=$own_sector, size=$own_sectors, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=${uuid}03, name=own
END
  put "$work/boot" 0
  put "$work/core" $core_sector
  put "$work/esp" $esp_sector
  put "$own" $own_sector
  qemu-img convert -f raw -O qcow2 "$@" "$work/disk" "$out"
}

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# make-disk.sh: makes /shared/debian.qcow2 of /shared/root.tar and the sources in /shared/debian, in a
# Debian that has the tools, the kernel and the packages of build.ts. Like the disk of `tiny`, it boots
# under BIOS and UEFI: see there.
set -euo pipefail
sources=/shared/debian
work=$(mktemp -d)
kernel=$(ls /boot/vmlinuz-*)
version=${kernel#/boot/vmlinuz-}
export SOURCE_DATE_EPOCH=1767225600 TZ=UTC
umask 022
root_mib=1200
. /shared/boot-disk.sh

unpack_root() {
  mkdir "$work/root"
  tar --extract --file=/shared/root.tar --directory="$work/root" --numeric-owner
  mkdir -p "$work/root"/{proc,sys,dev,run,tmp}
  chmod 1777 "$work/root/tmp"
  printf '127.0.0.1 localhost\n' > "$work/root/etc/hosts"
  ln -sf ../run/systemd/resolve/stub-resolv.conf "$work/root/etc/resolv.conf"
}

# The kernel's package would bring a generator of initramfs along.
add_modules() {
  modules=usr/lib/modules/$version
  mkdir -p "$work/root/usr/lib/modules"
  cp -a "/$modules" "$work/root/usr/lib/modules/"
  (cd "$work/root/$modules/kernel" && rm -rf sound drivers/{infiniband,gpu,media,hv,net/ethernet} \
    net/{batman-adv,sctp,tipc,rxrpc,rds,smc,dccp,mac80211,wireless,bluetooth} \
    fs/{ocfs2,gfs2,ceph,smb,nfs,nfsd,ubifs,jfs,afs,coda,hfs,hfsplus,ntfs3,reiserfs,xfs,btrfs,bcachefs,f2fs,dlm})
  depmod -b "$work/root" "$version"
}

pack_initramfs() {
  initramfs=$work/initramfs
  mkdir -p "$initramfs"/{bin,dev,proc,sys,root}
  cp /usr/bin/busybox "$initramfs/bin/"
  for applet in sh mount umount insmod findfs sleep echo switch_root; do
    ln -s busybox "$initramfs/bin/$applet"
  done
  install -m 755 "$sources/initramfs-init.sh" "$initramfs/init"
  xz -dc "/usr/lib/modules/$version/kernel/drivers/block/virtio_blk.ko.xz" > "$initramfs/virtio_blk.ko"
  pack_tree "$initramfs" > "$work/initrd"
}

make_root_partition() {
  truncate -s "${root_mib}M" "$work/root.img"
  extended=hash_seed=4b494c4f-4e4f-5641-0000-000000000104,root_owner=0:0
  extended=$extended,lazy_itable_init=0,lazy_journal_init=0
  E2FSPROGS_FAKE_TIME=$SOURCE_DATE_EPOCH mke2fs -q -t ext4 -b 4096 -J size=16 -L kilonova-root \
    -O ^orphan_file -U 4b494c4f-4e4f-5641-0000-000000000103 -E "$extended" \
    -d "$work/root" "$work/root.img"
}

unpack_root
add_modules
pack_initramfs
make_boot_partition "$sources/kernel-command-line.txt"
make_root_partition
make_disk "$work/root.img" 01 /shared/debian.qcow2 -c -o compression_type=zstd

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Process 1 of the initramfs: one module, then the root file system by its label.
export PATH=/bin
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
insmod /virtio_blk.ko
looks=0
until root=$(findfs LABEL=kilonova-root 2> /dev/null); do
  looks=$((looks + 1))
  [ "$looks" -le 200 ] || echo 'KILONOVA-GUEST error no root file system' > /dev/console
  sleep 0.05
done
mount -t ext4 -o noatime "$root" /root
umount /sys
umount /proc
mount -o move /dev /root/dev
exec switch_root /root /sbin/init

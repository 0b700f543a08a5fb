#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sandbox.sh MOUNTPOINT LAYERS SHARED TARGET COMMAND...: runs COMMAND as root in the root file system
# that the directories LAYERS make (the uppermost first, colons between), in mount, process, UTS and IPC
# namespaces of its own, with the directory SHARED as TARGET. What else it writes goes to memory and is
# forgotten. Its network is this machine's; /dev holds no device of this machine. MOUNTPOINT is any
# empty directory; what is mounted there is seen inside alone.
set -eu
exec unshare --mount --pid --uts --ipc --fork --kill-child sh -eu -c '
  mountpoint=$1 layers=$2 shared=$3 target=$4
  shift 4
  mount --make-rprivate /
  mount -t tmpfs -o size=8g scratch "$mountpoint"
  cd "$mountpoint"
  mkdir upper work root
  mount -t overlay -o "lowerdir=$layers,upperdir=$PWD/upper,workdir=$PWD/work" overlay root
  cd root
  mount -t proc proc proc
  mount -t sysfs -o ro sysfs sys
  mount -t tmpfs -o mode=755 dev dev
  for device in null zero full random urandom; do
    : > "dev/$device"
    mount --bind "/dev/$device" "dev/$device"
  done
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
  mount -t tmpfs -o mode=1777 shm dev/shm
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  mount -t tmpfs -o mode=1777 tmp tmp
  # They may be links to what is not there.
  rm -f etc/resolv.conf etc/hosts
  cat /etc/resolv.conf > etc/resolv.conf
  cat /etc/hosts > etc/hosts
  mkdir -p "./$target"
  mount --rbind "$shared" "./$target"
  exec chroot . /usr/bin/env -i PATH=/usr/sbin:/usr/bin HOME=/root LC_ALL=C.UTF-8 "$@"
' sandbox "$@"

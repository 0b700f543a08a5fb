#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# node-init.sh NAME LOWER UPPER WORK ROOT [FROM:TO:ro|rw]...
#
# Makes a node out of fresh mount, uts, ipc, pid, network and cgroup namespaces: mounts its root file
# system at ROOT, moves into it and becomes its init. Every FROM of the host is bound at TO of the node.
set -eu

name=$1 lower=$2 upper=$3 work=$4 root=$5
shift 5

mount -t overlay overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$work" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mkdir "$root/run/lock"

# Inside the cgroup namespace every hierarchy shows the node's own group as its root.
mount -t tmpfs -o mode=755 tmpfs "$root/sys/fs/cgroup"
for hierarchy in cpu cpuacct cpuset memory devices freezer blkio pids name=systemd; do
	directory=$root/sys/fs/cgroup/${hierarchy#name=}
	mkdir "$directory"
	# A named hierarchy has no controller.
	case $hierarchy in name=*) hierarchy=none,$hierarchy ;; esac
	mount -t cgroup -o "$hierarchy" cgroup "$directory"
done

for bind; do
	from=${bind%%:*} to=${bind#*:} mode=${bind##*:}
	to=$root${to%:*}
	mkdir -p "$to"
	mount --bind -o "$mode" "$from" "$to"
done

cd "$root"
mkdir -p .host
pivot_root . .host
cd /
umount -l /.host
rmdir /.host

# The kubelet and CSI drivers share mounts with each other, as systemd arranges it elsewhere.
mount --make-rshared /
hostname "$name"
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
# The kernel's own id does not change when a node of this kind boots; the kubelet is shown this one.
cat /proc/sys/kernel/random/uuid >/run/boot-id
exec /usr/sbin/init

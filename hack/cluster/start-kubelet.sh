#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Starts the kubelet with a private view of some files of /proc: it insists on setting sysctls that
# belong to the whole machine, and the boot id is to be the node's. The rest of the node keeps a plain
# /proc, because pods with user namespaces may only mount theirs where no file is covered.
set -eu

exec unshare --mount --propagation unchanged /bin/sh -euc '
	mount --make-private /proc
	mkdir -p /run/kubelet-proc
	cover() {
		from=/run/kubelet-proc/$(echo "$1" | tr / _)
		echo "$2" >"$from"
		mount --bind "$from" "/proc/sys/$1"
	}
	cover vm/overcommit_memory 1
	cover vm/panic_on_oom 0
	cover kernel/panic 10
	cover kernel/panic_on_oops 1
	cover kernel/keys/root_maxkeys 1000000
	cover kernel/keys/root_maxbytes 25000000
	cover kernel/random/boot_id "$(cat /run/boot-id)"
	exec kubelet "$@"
' start-kubelet "$@"

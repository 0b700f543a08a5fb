#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# kilonova-probe kvm DEVICE | tcg: boots a probe guest and exits with 0 when it ran, or says on
# stderr how far it came and exits with 1. A device that can be opened proves nothing: nested
# virtualization exists that takes QEMU's calls and then hangs an ordinary kernel or fails to emulate
# an instruction. Hence an ordinary kernel has to run under KVM; under TCG, a few instructions tell as
# much. A guest that runs needs about a second; one that hangs is killed after KILONOVA_PROBE_SECONDS
# (default 20). Needs no privilege but the device.
set -u
files=/usr/share/kilonova/probe
case ${1-} in
  kvm)
    accelerator=kvm,device=${2:?}
    set -- -cpu host -kernel $files/vmlinuz -initrd $files/initrd \
      -append "console=ttyS0 quiet panic=-1"
    ;;
  tcg)
    accelerator=tcg
    set -- -cpu max -device isa-debug-exit,iobase=0xf4 -kernel $files/short
    ;;
  *) echo "usage: kilonova-probe kvm DEVICE | tcg" >&2 && exit 2 ;;
esac
output=$(timeout --signal=KILL "${KILONOVA_PROBE_SECONDS:-20}" qemu-system-x86_64 \
  -machine q35 -accel "$accelerator" -m 128 -no-reboot \
  -no-user-config -nodefaults -display none -serial stdio -monitor none "$@" 2>&1 |
  head -c 16384)
case $output in
  *"KILONOVA-PROBE ok"*) exit 0 ;;
esac
printf '%s\n' "the probe guest did not run with $accelerator:" "$output" >&2
exit 1

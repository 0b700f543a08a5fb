#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bake-capabilities.sh OUT: run inside the guest image with its init, without KVM, as root. Leaves in
# OUT the record that libvirtd makes of QEMU's abilities, for init to install at every start.
set -eu
out=$1
mkdir -p /data/run /data/vm "$out"
chmod 777 /data/run /data/vm
unset HOME
setpriv --reuid 65534 --regid 65534 --clear-groups kilonova-init &
init=$!
looks=0
until [ -e /data/run/ready ]; do
  looks=$((looks + 1))
  [ "$looks" -lt 200 ] || { echo "libvirtd did not answer within 20 s" >&2 && exit 1; }
  sleep 0.1
done
kill "$init"
wait "$init"
cp /data/run/home/.cache/libvirt/qemu/cache/capabilities/*.xml "$out"
chmod 644 "$out"/*.xml

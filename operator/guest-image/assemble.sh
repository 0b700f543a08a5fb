#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# assemble.sh BUILT KERNEL STATUS VERSION OWN: puts our own files of the guest image below the directory
# OWN. BUILT holds what build.sh made, KERNEL is the probe guest's, STATUS is dpkg's record of the
# packages in the image, VERSION is the product's.
set -eu
here=$(dirname "$0")
built=$1 kernel=$2 status=$3 version=$4 own=$5

place() {
  install -D -m "$1" "$2" "$own/$3"
}

place 755 "$built/kilonova-init" usr/bin/kilonova-init
place 755 "$built/kilonova-metadata" usr/bin/kilonova-metadata
place 755 "$built/console" usr/bin/console
place 755 "$built/kilonova-dhcp" usr/bin/kilonova-dhcp
place 755 "$built/kilonova-readiness" usr/bin/kilonova-readiness
place 755 "$here/probe/kilonova-probe.sh" usr/bin/kilonova-probe
place 644 "$built/initrd" usr/share/kilonova/probe/initrd
place 644 "$built/short" usr/share/kilonova/probe/short
place 644 "$kernel" usr/share/kilonova/probe/vmlinuz
place 644 "$here/etc/libvirtd.conf" etc/libvirt/libvirtd.conf
place 644 "$here/etc/qemu.conf" etc/libvirt/qemu.conf
# Where agent and init put what a pod starts with.
mkdir "$own/data"
ln -s /data/run/passwd "$own/etc/passwd"
ln -s /data/run/group "$own/etc/group"

package_version() {
  sed -n "/^Package: $1\$/,/^\$/s/^Version: //p" "$status" | grep .
}

# What a guest's machine is made of: a running guest keeps to the image that it was started with.
content=$( (cd "$own" && find . -type f | sort | xargs sha256sum && sha256sum < "$status") |
  sha256sum | cut -c 1-16)
mkdir "$own/etc/kilonova"
cat > "$own/etc/kilonova/guest-image" << END
{
  "version": "$version",
  "content": "$content",
  "packages": {
    "libvirt-daemon": "$(package_version libvirt-daemon)",
    "ovmf": "$(package_version ovmf)",
    "qemu-system-x86": "$(package_version qemu-system-x86)",
    "seabios": "$(package_version seabios)",
    "swtpm": "$(package_version swtpm)"
  }
}
END

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh OUT [CFLAGS...]: makes the guest image's own programs in the directory OUT: kilonova-init,
# kilonova-metadata, kilonova-dhcp, kilonova-readiness, console and the probe guests.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
compile() {
  program=$1
  shift
  gcc -std=gnu17 -D_GNU_SOURCE -Os -static -s -Wall -Wextra -Werror -o "$program" "$@"
}
compile "$out/kilonova-init" "$@" "$here"/init/*.c "$here"/pod/*.c
compile "$out/kilonova-metadata" "$@" "$here"/metadata/*.c
compile "$out/console" "$@" "$here"/console/*.c
compile "$out/kilonova-dhcp" "$@" "$here"/dhcp/*.c
compile "$out/kilonova-readiness" "$@" "$here"/readiness/*.c "$here"/pod/*.c

mkdir "$out/initrd-root"
compile "$out/initrd-root/init" "$@" "$here"/probe/*.c
touch -d @0 "$out/initrd-root/init"
(cd "$out/initrd-root" && echo init | cpio --quiet --create --format=newc --reproducible -R 0:0) |
  zstd -q -19 > "$out/initrd"
gcc -m32 -nostdlib -static -no-pie -s -Wl,--build-id=none,-Ttext=0x100000 \
  -o "$out/short" "$here/probe/short.S"

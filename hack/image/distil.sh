#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# distil.sh CONTENTS OUT: copies what CONTENTS names (globs, one a line) out of the root file system
# that the script runs in to the directory OUT, with the shared libraries that those files need, every
# symbolic link on the way, and the package records and copyright notices of what was taken.
# An installed Debian system holds far more than the programs that were asked for. Naming what stays,
# rather than what goes, keeps the image small when a package gains a dependency.
set -eu
export LC_ALL=C.UTF-8
contents=$1
out=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "distil: $*" >&2
  exit 1
}

# Prints the files below every glob of CONTENTS. A glob that names nothing is a mistake.
named() {
  sed -e 's/#.*//' -e '/^$/d' "$contents" > "$work/globs"
  while read -r glob; do
    for path in $glob; do
      [ -e "$path" ] || fail "nothing here is named $glob"
      find "$path" ! -type d
    done
  done < "$work/globs"
}

# Prints the shared libraries of the programs and modules on stdin, as the dynamic loader finds them.
libraries() {
  xargs -d '\n' realpath | sort -u | xargs -d '\n' grep -lFsa "$(printf '\177ELF')" |
    xargs -d '\n' ldd > "$work/ldd" 2>&1 || true
  ! grep 'not found' "$work/ldd" >&2 || fail "a library is missing"
  sed -nE 's/.*(=> |^\t)(\/[^ ]+) \(0x.*/\2/p' "$work/ldd" | sort -u
}

# Prints each path on stdin in its real directory, and after a symbolic link what it leads to.
follow() {
  while read -r path; do
    while :; do
      path=$(realpath "${path%/*}/")/${path##*/}
      echo "$path"
      [ -L "$path" ] || break
      target=$(readlink "$path")
      case $target in
        /*) path=$target ;;
        *) path=${path%/*}/$target ;;
      esac
    done
  done | sed 's,^//,/,'
}

named > "$work/named"
libraries < "$work/named" > "$work/libraries"
cat "$work/named" "$work/libraries" | follow | sort -u > "$work/files"

# Scanners read what is installed from dpkg's records; licences ask for the notices.
while read -r path; do
  [ -d "$path" ] || echo "$path"
done < "$work/files" | xargs -d '\n' dpkg-query --search 2> /dev/null |
  sed -e 's/:.*//' | sort -u > "$work/packages"
mkdir -p "$out/var/lib/dpkg"
xargs -a "$work/packages" -d '\n' dpkg-query --status > "$out/var/lib/dpkg/status"
while read -r package; do
  [ ! -e "/usr/share/doc/$package/copyright" ] || echo "/usr/share/doc/$package/copyright"
done < "$work/packages" | follow >> "$work/files"

mkdir -p "$out/dev" "$out/proc" "$out/run" "$out/sys" "$out/tmp"
chmod 1777 "$out/tmp"
sort -u "$work/files" | sed 's,^/,,' | tar --create --no-recursion --directory=/ --files-from=- |
  tar --extract --preserve-permissions --directory="$out"

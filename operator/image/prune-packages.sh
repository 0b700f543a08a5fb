#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# prune-packages.sh DIRECTORY: takes from a node_modules what Node never loads.
set -eu
cd "$1"
rm -rf .bin .package-lock.json @types
find . -type f \( -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' -o -name '*.map' \
  -o -iname '*.md' -o -name '*.tsbuildinfo' \) -delete
find . -type d -empty -delete

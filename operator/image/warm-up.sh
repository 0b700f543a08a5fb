#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# warm-up.sh: run inside the product image with its flags of Node as arguments. Fills the directory
# NODE_COMPILE_CACHE with the compiled modules of every program of the product, so that none loads the
# TypeScript compiler at run time: that costs 30 MiB of memory and 0.1 s. The programs load their
# modules and end soon for want of a configuration; Node writes its cache at their end.
set -eu
for program in operator/src/bin/*.ts; do
  before=$(ls "$NODE_COMPILE_CACHE" -R | wc -l)
  timeout 10 /usr/bin/node "$@" "$program" < /dev/null || true
  after=$(ls "$NODE_COMPILE_CACHE" -R | wc -l)
  [ "$after" -gt "$before" ] || { echo "$program left nothing in the compile cache" >&2 && exit 1; }
done
chmod -R a+rX "$NODE_COMPILE_CACHE"

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# warm-up.sh: run as root inside the product image, with the image's flags of Node as arguments. Fills
# the directory NODE_COMPILE_CACHE with the compiled modules of every program of the product, so that
# none loads the TypeScript compiler at run time: that costs 30 MiB of memory and 0.2 s. The programs
# load their modules and end soon for want of a configuration; Node writes its cache at their end.
set -eu
mkdir -p "$NODE_COMPILE_CACHE"
cd "$NODE_COMPILE_CACHE"

count() {
  ls -R | wc -l
}

for program in /app/operator/src/bin/*.ts; do
  before=$(count)
  timeout 20 /usr/bin/node "$@" "$program" < /dev/null || true
  [ "$(count)" -gt "$before" ] || { echo "$program left nothing in the compile cache" >&2 && exit 1; }
done
chmod -R a+rX .
# Node looks for a directory that ends in the number of its user: besides root, who is the agent, the
# operator and children of the agent.
for directory in *-0; do
  ln -s "$directory" "${directory%-0}-65532"
  ln -s "$directory" "${directory%-0}-65534"
done

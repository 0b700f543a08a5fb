// SPDX-License-Identifier: Apache-2.0
"use strict";
/*
 * The front door for a machine with any Node: installs the dependencies (Node 24 is one of them) when
 * they are missing or older than the lock file, then runs the named TypeScript file with that Node.
 * Plain CommonJS, because Node 20 must be able to run it before anything is installed.
 */
const { spawnSync } = require("node:child_process");
const { existsSync, statSync } = require("node:fs");
const { constants } = require("node:os");
const path = require("node:path");

const root = path.dirname(__dirname);
const bin = path.join(root, "node_modules", ".bin");
const node = path.join(bin, "node");
// npm writes this file last: it stands for a finished installation.
const installed = path.join(root, "node_modules", ".package-lock.json");

function isInstalled() {
  if (!existsSync(installed) || !existsSync(node)) return false;
  return statSync(installed).mtimeMs >= statSync(path.join(root, "package-lock.json")).mtimeMs;
}

function must(program, args) {
  const result = spawnSync(program, args, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` },
  });
  if (result.error) {
    process.stderr.write(`${program}: ${result.error.message}\n`);
    process.exit(1);
  }
  const code = result.status ?? 128 + (constants.signals[result.signal] ?? 0);
  if (code !== 0) process.exit(code);
}

const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
  process.stderr.write("usage: node hack/start.cjs SCRIPT.ts [argument...]\n");
  process.exit(2);
}
if (!isInstalled()) {
  const startedAt = Date.now();
  process.stderr.write("▸ install the dependencies\n");
  // Not `npm ci`: that refuses a lock file that was written where the registry has no packages for
  // other platforms. This takes the same versions from it and leaves it as it is.
  must("npm", ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]);
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1);
  process.stderr.write(`✓ install the dependencies: ${seconds} s\n`);
}
must(node, [path.join(root, script), ...args]);

// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { parseCommandLine, UsageError } from "./command-line.ts";

test.each([
  ["up", { verb: "up", nodeCount: undefined }],
  ["up --nodes 2", { verb: "up", nodeCount: 2 }],
  ["down", { verb: "down" }],
  ["status", { verb: "status" }],
  ["kubeconfig", { verb: "kubeconfig" }],
  ["load image.tar", { verb: "load", archive: "image.tar" }],
  ["node 2 power-cut", { verb: "node", node: "2", action: "power-cut" }],
  ["node node-2 heal", { verb: "node", node: "node-2", action: "heal" }],
  ["apiserver stop", { verb: "apiserver", action: "stop" }],
  ["exec 1 ls -l /", { verb: "exec", node: "1", argv: ["ls", "-l", "/"] }],
  ["kubectl get pods -A", { verb: "kubectl", argv: ["get", "pods", "-A"] }],
  ["helm list", { verb: "helm", argv: ["list"] }],
])("understands `%s`", (line, command) => {
  expect(parseCommandLine(line.split(" "))).toEqual(command);
});

test.each([
  ["", "which command?"],
  ["dance", "no such command"],
  ["toString", "no such command"],
  ["up 3", "--nodes with a count"],
  ["up --nodes", "--nodes with a count"],
  ["up --nodes many", "--nodes with a count"],
  ["up --nodes 0", "--nodes with a count"],
  ["down now", "takes 0 words"],
  ["node 2", "takes 2 words"],
  ["node 2 explode", "choose power-cut"],
  ["apiserver resume", "choose stop, start"],
  ["exec 2", "what to run"],
  ["load", "takes 1 words"],
])("refuses `%s`", (line, why) => {
  const parse = () => parseCommandLine(line.split(" ").filter(Boolean));
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(why);
});

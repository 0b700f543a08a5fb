// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import {
  apiServerArguments,
  clusterApiServerFlags,
  controllerManagerArguments,
  schedulerArguments,
} from "./control-plane-arguments.ts";

const pair = (name: string) => ({ certificate: `/pki/${name}.crt`, key: `/pki/${name}.key` });
const identity = {
  authorityPath: "/pki/ca.crt",
  serving: pair("apiserver"),
  frontProxyAuthorityPath: "/pki/front-proxy-ca.crt",
  frontProxy: pair("front-proxy-client"),
  serviceAccountKeyPath: "/pki/service-accounts.key",
};
const common = { etcdUrl: "http://127.0.0.1:2379", address: "10.250.0.1", port: 6443, identity };

test("an API server alone authorises by RBAC and keeps no audit log", () => {
  const args = apiServerArguments({ ...common, authorizationModes: ["RBAC"] });
  expect(args).toContain("--authorization-mode=RBAC");
  expect(args).toContain("--secure-port=6443");
  expect(args.filter((arg) => /audit|kubelet/.test(arg))).toEqual([]);
});

test("a cluster's API server restricts nodes, reaches kubelets and logs writes", () => {
  const more = clusterApiServerFlags(
    { authorityPath: identity.authorityPath, client: pair("kubelet-client") },
    { policyPath: "/policy.yaml", logPath: "/audit.log" },
  );
  const args = apiServerArguments({ ...common, authorizationModes: ["Node", "RBAC"], more });
  expect(args).toEqual(
    expect.arrayContaining([
      "--authorization-mode=Node,RBAC",
      "--enable-admission-plugins=NodeRestriction",
      "--kubelet-client-key=/pki/kubelet-client.key",
      "--audit-log-path=/audit.log",
    ]),
  );
});

test("no flag is given twice", () => {
  const commandLines = [
    apiServerArguments({ ...common, authorizationModes: ["RBAC"] }),
    controllerManagerArguments({
      kubeconfig: "/k",
      authority: pair("ca"),
      frontProxyAuthorityPath: identity.frontProxyAuthorityPath,
      serviceAccountKeyPath: identity.serviceAccountKeyPath,
    }),
    schedulerArguments("/k"),
  ];
  for (const args of commandLines) {
    const flags = args.map((arg) => arg.replace(/=.*/, ""));
    expect(new Set(flags).size).toBe(flags.length);
    expect(flags.every((flag) => /^--[a-z-]+$/.test(flag))).toBe(true);
  }
});

test("a lost node is noticed after 16 s", () => {
  const args = controllerManagerArguments({
    kubeconfig: "/k",
    authority: pair("ca"),
    frontProxyAuthorityPath: "/f",
    serviceAccountKeyPath: "/s",
  });
  expect(args).toContain("--node-monitor-grace-period=16s");
});

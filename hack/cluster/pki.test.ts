// SPDX-License-Identifier: Apache-2.0
import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { apiServerIdentity, CertificateAuthority, writeKubeconfig } from "./pki.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "pki-"));
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function read(path: string): Promise<X509Certificate> {
  return new X509Certificate(await readFile(path));
}

test("an API server's certificates verify and answer to its names", async () => {
  const authority = await CertificateAuthority.open(directory, "ca");
  const identity = await apiServerIdentity(directory, authority, ["10.250.0.1"]);
  const serving = await read(identity.serving.certificate);
  expect(serving.verify((await read(authority.certificatePath)).publicKey)).toBe(true);
  expect(serving.checkIP("10.250.0.1")).toBe("10.250.0.1");
  expect(serving.checkHost("kubernetes.default.svc")).toBeDefined();
  expect(serving.ca).toBe(false);
  const frontProxy = await read(identity.frontProxy.certificate);
  const frontProxyAuthority = await read(identity.frontProxyAuthorityPath);
  expect(frontProxy.verify(frontProxyAuthority.publicKey)).toBe(true);
});

test("a certificate carries user and groups, and is made once also when asked for at once", async () => {
  const authority = await CertificateAuthority.open(directory, "ca");
  const request = { name: "node-1", subject: "/O=system:nodes/CN=system:node:node-1" };
  const [first, second] = await Promise.all([authority.issue(request), authority.issue(request)]);
  const certificate = await read(first.certificate);
  expect(certificate.subject).toBe("O=system:nodes\nCN=system:node:node-1");
  await authority.issue(request);
  expect((await read(second.certificate)).serialNumber).toBe(certificate.serialNumber);
  expect((await readdir(directory)).toSorted()).toEqual([
    "ca.crt",
    "ca.key",
    "node-1.crt",
    "node-1.key",
  ]);
});

test("an authority that is there already is used again", async () => {
  const first = await CertificateAuthority.open(directory, "ca");
  const before = await readFile(first.certificatePath, "utf8");
  const second = await CertificateAuthority.open(directory, "ca");
  expect(await readFile(second.certificatePath, "utf8")).toBe(before);
});

test("a kubeconfig holds the certificates themselves", async () => {
  const authority = await CertificateAuthority.open(directory, "ca");
  const user = await authority.issue({ name: "admin", subject: "/CN=admin" });
  const path = join(directory, "kubeconfig");
  await writeKubeconfig(path, "https://127.0.0.1:6443", authority, user);
  const text = await readFile(path, "utf8");
  expect(text).toContain(await readFile(user.key, "base64"));
  expect(text).not.toContain(directory);
});

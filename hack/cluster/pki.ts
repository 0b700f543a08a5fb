// SPDX-License-Identifier: Apache-2.0
/** Certificates by openssl and the kubeconfig files that carry them. */
import { generateKeyPairSync } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../exec.ts";

const validDays = 3650;

/** The files of one identity. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** The certificates that an API server works with. */
export interface ApiServerIdentity {
  readonly authorityPath: string;
  readonly serving: KeyPair;
  readonly frontProxyAuthorityPath: string;
  readonly frontProxy: KeyPair;
  readonly serviceAccountKeyPath: string;
}

export interface CertificateRequest {
  readonly name: string;
  /** In openssl's form, such as `/O=system:masters/CN=admin`: the user and its groups. */
  readonly subject: string;
  /** What a server answers to, such as `DNS:localhost` and `IP:127.0.0.1`; none for a client. */
  readonly hosts?: readonly string[];
}

export class CertificateAuthority {
  readonly #directory: string;
  readonly #pair: KeyPair;

  private constructor(directory: string, pair: KeyPair) {
    this.#directory = directory;
    this.#pair = pair;
  }

  /** The authority of that name in a directory, made unless it is there. */
  static async open(directory: string, name: string): Promise<CertificateAuthority> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const pair = pairIn(directory, name);
    const extensions = [
      "basicConstraints=critical,CA:TRUE",
      "keyUsage=critical,keyCertSign,digitalSignature,cRLSign",
      "subjectKeyIdentifier=hash",
    ];
    await makeCertificate(pair, { subject: `/CN=${name}`, extensions, issuer: [] });
    return new CertificateAuthority(directory, pair);
  }

  get certificatePath(): string {
    return this.#pair.certificate;
  }

  get keyPath(): string {
    return this.#pair.key;
  }

  /** The key pair of that name, signed by this authority unless it is there. */
  async issue(request: CertificateRequest): Promise<KeyPair> {
    const pair = pairIn(this.#directory, request.name);
    const hosts = request.hosts ?? [];
    const extensions = [
      "basicConstraints=critical,CA:FALSE",
      "keyUsage=critical,digitalSignature,keyEncipherment",
      "extendedKeyUsage=clientAuth,serverAuth",
      "authorityKeyIdentifier=keyid",
      ...(hosts.length === 0 ? [] : [`subjectAltName=${hosts.join(",")}`]),
    ];
    const issuer = ["-CA", this.#pair.certificate, "-CAkey", this.#pair.key];
    await makeCertificate(pair, { subject: request.subject, extensions, issuer });
    return pair;
  }
}

interface CertificateContent {
  readonly subject: string;
  readonly extensions: readonly string[];
  readonly issuer: readonly string[];
}

const unfinishedWork = new Map<string, Promise<void>>();

/** Makes a certificate unless it is there. Whoever asks while it is being made waits for the same one. */
async function makeCertificate(pair: KeyPair, content: CertificateContent): Promise<void> {
  if (existsSync(pair.certificate)) return;
  const { certificate } = pair;
  const work = unfinishedWork.get(certificate) ?? callOpenssl(pair, content);
  unfinishedWork.set(certificate, work);
  await work.finally(() => unfinishedWork.delete(certificate));
}

/** The certificate gets its name last: where there is one, it and its key are whole. */
async function callOpenssl(pair: KeyPair, content: CertificateContent): Promise<void> {
  const unfinished = `${pair.certificate}.unfinished`;
  const configuration = `${pair.certificate}.cnf`;
  const sections = ["[req]", "distinguished_name=name", "[name]", "[extensions]"];
  await writeFile(configuration, [...sections, ...content.extensions, ""].join("\n"));
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await run("openssl", [
    ...["req", "-x509", "-config", configuration, "-extensions", "extensions"],
    ...[...key, "-days", `${validDays}`, "-subj", content.subject, ...content.issuer],
    ...["-keyout", pair.key, "-out", unfinished],
  ]);
  await rm(configuration);
  await rename(unfinished, pair.certificate);
}

function pairIn(directory: string, name: string): KeyPair {
  return { certificate: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) };
}

/**
 * Everything that an API server identifies itself and others by, made in a directory unless it is
 * there. The server answers to those addresses and on loopback.
 */
export async function apiServerIdentity(
  directory: string,
  authority: CertificateAuthority,
  addresses: readonly string[],
): Promise<ApiServerIdentity> {
  const frontProxyAuthority = await CertificateAuthority.open(directory, "front-proxy-ca");
  const serviceNames = ["", ".default", ".default.svc", ".default.svc.cluster.local"];
  const [serving, frontProxy, serviceAccountKeyPath] = await Promise.all([
    authority.issue({
      name: "apiserver",
      subject: "/CN=kube-apiserver",
      hosts: [
        "DNS:localhost",
        ...serviceNames.map((suffix) => `DNS:kubernetes${suffix}`),
        ...["127.0.0.1", ...addresses].map((address) => `IP:${address}`),
      ],
    }),
    frontProxyAuthority.issue({ name: "front-proxy-client", subject: "/CN=front-proxy-client" }),
    serviceAccountKey(directory),
  ]);
  return {
    authorityPath: authority.certificatePath,
    serving,
    frontProxyAuthorityPath: frontProxyAuthority.certificatePath,
    frontProxy,
    serviceAccountKeyPath,
  };
}

/** The file with the key that signs service account tokens. */
async function serviceAccountKey(directory: string): Promise<string> {
  const path = join(directory, "service-accounts.key");
  if (existsSync(path)) return path;
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const text = privateKey.export({ type: "sec1", format: "pem" });
  await writeFile(`${path}.unfinished`, text, { mode: 0o600 });
  await rename(`${path}.unfinished`, path);
  return path;
}

/** Writes a kubeconfig that works wherever it is copied to. JSON is YAML too. */
export async function writeKubeconfig(
  path: string,
  server: string,
  authority: CertificateAuthority,
  user: KeyPair,
): Promise<void> {
  const name = "kilonova";
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": name,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [
      {
        name,
        cluster: {
          server,
          "certificate-authority-data": await readFile(authority.certificatePath, "base64"),
        },
      },
    ],
    users: [
      {
        name,
        user: {
          "client-certificate-data": await readFile(user.certificate, "base64"),
          "client-key-data": await readFile(user.key, "base64"),
        },
      },
    ],
  };
  await writeFile(path, JSON.stringify(config, undefined, 2), { mode: 0o600 });
}

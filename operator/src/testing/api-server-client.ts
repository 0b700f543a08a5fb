// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { group, version } from "../api/define-kind.ts";
import type { Identity } from "./access/identities.ts";

/** Where an API server listens and how its administrator proves who he is. */
export interface ApiServerAccess {
  readonly url: string;
  readonly caPath: string;
  readonly adminCertificatePath: string;
  readonly adminKeyPath: string;
}

/** Somebody as the API server sees him after authentication, or the token that he shows. */
export type Credentials = Identity | { readonly token: string };

export interface Answer {
  readonly isOk: boolean;
  readonly code: number;
  /** The object, or a Status that says what was wrong. */
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Connections with and without the administrator's certificate. */
interface Agents {
  readonly administrator: Agent;
  readonly nobody: Agent;
}

/** The path of a collection of ours. */
export function collectionPath(plural: string, namespace?: string): string {
  const within = namespace === undefined ? "" : `/namespaces/${namespace}`;
  return `/apis/${group}/${version}${within}/${plural}`;
}

/**
 * Raw requests to an API server, for tests of what it refuses: unknown fields are errors, a refusal
 * is an answer, and anybody can be impersonated.
 */
export class ApiServerClient {
  readonly #access: ApiServerAccess;
  readonly #agents: Agents;
  readonly #identity: Credentials | undefined;

  constructor(access: ApiServerAccess, identity?: Credentials, agents = agentsOf(access)) {
    this.#access = access;
    this.#identity = identity;
    this.#agents = agents;
  }

  /** The same API server, as seen by somebody else. */
  as(identity: Credentials): ApiServerClient {
    return new ApiServerClient(this.#access, identity, this.#agents);
  }

  /** Judged to the end, but not stored. */
  dryRun(method: Method, path: string, body?: unknown): Promise<Answer> {
    return this.#send(method, `${path}?fieldValidation=Strict&dryRun=All`, body);
  }

  send(method: Method, path: string, body?: unknown): Promise<Answer> {
    const options = method === "GET" || method === "DELETE" ? "" : "?fieldValidation=Strict";
    return this.#send(method, `${path}${options}`, body);
  }

  /** Like {@link send}, for what a test stands on. Throws when it is refused. */
  async must(method: Method, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.send(method, path, body);
    if (!answer.isOk) throw new Error(`${method} ${path}: ${answer.body.message}`);
    return answer;
  }

  /** Closes the connections, those of {@link as} included. */
  close(): void {
    this.#agents.administrator.destroy();
    this.#agents.nobody.destroy();
  }

  #send(method: Method, path: string, body: unknown): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const sending = request(
        new URL(path, this.#access.url),
        { method, agent: this.#agent(), headers: this.#headers(method), timeout: 30_000 },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.once("error", reject);
          response.once("end", () => {
            const code = response.statusCode ?? 0;
            const text = Buffer.concat(chunks).toString();
            resolve({ code, isOk: code >= 200 && code < 300, body: JSON.parse(text) });
          });
        },
      );
      sending.once("error", reject);
      sending.once("timeout", () => sending.destroy(new Error(`${method} ${path}: no answer`)));
      sending.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** A client certificate would count before a token. */
  #agent(): Agent {
    const hasToken = this.#identity !== undefined && "token" in this.#identity;
    return hasToken ? this.#agents.nobody : this.#agents.administrator;
  }

  #headers(method: Method): Record<string, string | string[]> {
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const headers: Record<string, string | string[]> = { "Content-Type": type };
    if (this.#identity === undefined) return headers;
    if ("token" in this.#identity) {
      return { ...headers, Authorization: `Bearer ${this.#identity.token}` };
    }
    const { user, groups = [], extra = {} } = this.#identity;
    headers["Impersonate-User"] = user;
    headers["Impersonate-Group"] = [...groups];
    for (const [key, value] of Object.entries(extra)) {
      headers[`Impersonate-Extra-${encodeURIComponent(key)}`] = value;
    }
    return headers;
  }
}

function agentsOf(access: ApiServerAccess): Agents {
  const options = { keepAlive: true, maxSockets: 16, ca: readFileSync(access.caPath) };
  return {
    nobody: new Agent(options),
    administrator: new Agent({
      ...options,
      cert: readFileSync(access.adminCertificatePath),
      key: readFileSync(access.adminKeyPath),
    }),
  };
}

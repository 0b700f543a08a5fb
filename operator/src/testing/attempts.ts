// SPDX-License-Identifier: Apache-2.0
import type { Identity } from "./access/identities.ts";
import type { ApiServerClient, Method } from "./api-server-client.ts";

/** Somebody, with a name for the reader. */
export interface Asker {
  readonly who: string;
  readonly as: Identity;
}

/** Something that somebody tries, and what he is told: nothing, if he may. */
export interface Attempt extends Asker {
  readonly does: string;
  readonly request: Request;
  readonly refusal: RegExp | undefined;
}

/** A PUT replaces what is there: it gets the version by itself. */
export type Request = readonly [method: Method, path: string, body?: object];

export function may(asker: Asker, does: string, ...request: Request): Attempt {
  return { ...asker, does, request, refusal: undefined };
}

/** Attempts that are all refused in the same words. */
export function mayNot(refusal: RegExp) {
  return (asker: Asker, does: string, ...request: Request): Attempt => {
    return { ...asker, does, request, refusal };
  };
}

/** The refusal in the API server's words, or "accepted". Nothing is stored. */
export async function answerTo(client: ApiServerClient, attempt: Attempt): Promise<string> {
  const [method, path, body] = attempt.request;
  const sent = method === "PUT" ? await withVersion(client, path, body) : body;
  const answer = await client.as(attempt.as).dryRun(method, path, sent);
  return answer.isOk ? "accepted" : answer.body.message;
}

async function withVersion(
  client: ApiServerClient,
  path: string,
  body: object | undefined,
): Promise<object> {
  const { metadata = {} }: { readonly metadata?: object } = body ?? {};
  const { resourceVersion } = (await client.must("GET", path)).body.metadata;
  return { ...body, metadata: { ...metadata, resourceVersion } };
}

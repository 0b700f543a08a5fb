// SPDX-License-Identifier: Apache-2.0
import type { ChartApiServer } from "../../../../hack/chart-api-server.ts";
import type { Method } from "../api-server-client.ts";
import { answerTo, type Attempt } from "../attempts.ts";
import type { Identity } from "./identities.ts";

/** An API server under test that knows who asks. */
export interface AccessHost {
  /** What a test stands on: the object as it was answered. Throws when it is refused. */
  must(identity: Identity, method: Method, path: string, body?: object): Promise<unknown>;
  /** The refusal in the API server's words, or "accepted". Nothing is stored. */
  answerTo(attempt: Attempt): Promise<string>;
  close(): Promise<void>;
}

/** A real API server. */
export function realAccessHost(server: ChartApiServer): AccessHost {
  const { client } = server;
  return {
    must: async (identity, method, path, body) =>
      (await client.as(identity).must(method, path, body)).body,
    answerTo: (attempt) => answerTo(client, attempt),
    close: () => server.close(),
  };
}

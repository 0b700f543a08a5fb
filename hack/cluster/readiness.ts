// SPDX-License-Identifier: Apache-2.0
/** Whether servers answer. Not answering means no. */
import { readFile } from "node:fs/promises";
import { get } from "node:https";

const answerMillisecondsMax = 2000;

/** Whether an API server, known by its certificate authority, says that it is ready. */
export async function isApiServerReady(url: string, authorityPath: string): Promise<boolean> {
  return answersOk(`${url}/readyz`, { ca: await readFile(authorityPath) });
}

/** Whether a controller says that it is healthy. It serves on loopback with a certificate of its own making. */
export function isControllerReady(port: number): Promise<boolean> {
  return answersOk(`https://127.0.0.1:${port}/healthz`, { rejectUnauthorized: false });
}

/** Whether etcd says that it is healthy. */
export async function isEtcdReady(url: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(answerMillisecondsMax);
    return (await fetch(`${url}/health`, { signal })).ok;
  } catch {
    return false;
  }
}

interface Trust {
  readonly ca?: Buffer;
  readonly rejectUnauthorized?: boolean;
}

function answersOk(url: string, trust: Trust): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { ...trust, timeout: answerMillisecondsMax, agent: false } as const;
    const request = get(url, options, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}

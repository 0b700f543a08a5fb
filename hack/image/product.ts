// SPDX-License-Identifier: Apache-2.0
/** The product image: operator and agent, run from their sources by Node. */
import { copyFile, mkdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { cached, hashOf } from "../cache.ts";
import { run } from "../exec.ts";
import { step } from "../steps.ts";
import { builderRootfs } from "./builder.ts";
import { forgetOthers } from "./forget.ts";
import { imageOf, layerOf, type BuiltImage, type ImageConfig, type Layer } from "./oci.ts";
import { digestOfSources, filesBelow, repositoryPath } from "./repository.ts";
import { debianRootfs } from "./rootfs.ts";
import { runIn } from "./sandbox.ts";

/** Where the sources are in the image. */
const home = "/app";
/** Node's cache of compiled modules, filled when the image is built. */
const compileCache = `${home}/.compile-cache`;
/** Of 3 MiB instead of 48, the young generation costs 5 MiB less, and here few objects die young. */
const nodeFlags = ["--max-semi-space-size=2"];

const recipe = "hack/image/product.ts";
const prune = "operator/image/prune-packages.sh";
/** Modes in the image do not depend on the umask of the clone. */
const readable = "u=rwX,go=rX";

/** How the product image runs; its Dockerfile says the same. */
export const productImageConfig: ImageConfig = {
  Entrypoint: ["/usr/bin/node", ...nodeFlags],
  Cmd: ["operator/src/bin/operator.ts"],
  Env: ["PATH=/usr/sbin:/usr/bin", "NODE_ENV=production", `NODE_COMPILE_CACHE=${compileCache}`],
  User: "65532:65532",
  WorkingDir: home,
};

/** Builds the image of operator and agent, or finds it in the cache. */
export async function buildProductImage(): Promise<BuiltImage> {
  return imageOf("kilonova.local/kilonova", await productLayers(), productImageConfig);
}

/** The layers of the product image, the lowest first, for images that add one of their own. */
export async function productLayers(): Promise<Layer[]> {
  const directories = await layerDirectories();
  const layers = directories.map((directory) => layerOf(basename(dirname(directory)), directory));
  return Promise.all(layers);
}

/** What the product image has of Debian, for tests with its programs. For reading only. */
export function productRootfs(): Promise<string> {
  return debianRootfs({
    name: "product",
    packagesPath: "operator/image/packages.txt",
    contentsPath: "operator/image/contents.txt",
  });
}

/** What each layer holds, unpacked, the lowest first: what changes seldom lies low. */
async function layerDirectories(): Promise<string[]> {
  const debian = await productRootfs();
  const below = [debian, await nodeFiles(), await packageFiles()];
  return [...below, await sourceFiles(below)];
}

/** Node itself, as the clone has it, without the symbols that only a debugger reads. */
async function nodeFiles(): Promise<string> {
  const text = await readFile(repositoryPath("node_modules/node/package.json"), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  const directory = await cached(`node-${version}`, async (out) => {
    const node = join(out, "files/usr/bin/node");
    await mkdir(dirname(node), { recursive: true });
    await copyFile(repositoryPath("node_modules/node/bin/node"), node);
    await runIn([await builderRootfs()], out, ["strip", "/shared/files/usr/bin/node"]);
  });
  return join(directory, "files");
}

/** The npm packages that the product needs at run time, as the clone has them. */
async function packageFiles(): Promise<string> {
  const paths = await productionPackages();
  const digest = hashOf(paths, await digestOfSources("package-lock.json", prune, recipe));
  const directory = await cached(`npm-${digest}`, (out) =>
    step("npm packages of the product", async () => {
      const target = join(out, "files", home);
      // A package's own dependencies are in it, and are entries of the lock file too.
      const outermost = paths.filter((path) => path.lastIndexOf("node_modules/") === 0);
      for (const path of outermost) {
        await mkdir(dirname(join(target, path)), { recursive: true });
        await run("cp", ["-a", repositoryPath(path), join(target, path)]);
      }
      await run("sh", [repositoryPath(prune), join(target, "node_modules")]);
      await run("chmod", ["-R", readable, target]);
    }),
  );
  await forgetOthers(directory);
  return join(directory, "files");
}

/** The paths of the packages that the lock file does not mark as needed for development alone. */
async function productionPackages(): Promise<string[]> {
  const text = await readFile(repositoryPath("package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as { packages: Record<string, { dev?: boolean }> };
  return Object.keys(packages).filter((path) => path !== "" && packages[path]?.dev !== true);
}

/** Our sources without what only tests need, and Node's compiled form of them. */
async function sourceFiles(below: readonly string[]): Promise<string> {
  const sources = await productSources();
  const digest = await digestOfSources(...sources, "operator/image", "package.json", recipe);
  const directory = await cached(`sources-${hashOf(digest, below)}`, async (out) => {
    const target = join(out, "files", home);
    for (const path of [...sources, "package.json"]) {
      await mkdir(dirname(join(target, path)), { recursive: true });
      await copyFile(repositoryPath(path), join(target, path));
    }
    await run("chmod", ["-R", readable, target]);
    await mkdir(join(target, ".compile-cache"));
    await warmUp([join(out, "files"), ...below.toReversed()], join(target, ".compile-cache"));
  });
  await forgetOthers(directory);
  return join(directory, "files");
}

/** The sources that the image holds, by their paths in the repository. */
export async function productSources(): Promise<string[]> {
  return (await filesBelow("operator/src")).filter((path) => !isForTestsOnly(path));
}

function isForTestsOnly(path: string): boolean {
  return /\.(test|conformance)\.ts$|\/(testing|testdata)\//.test(path);
}

async function warmUp(layers: readonly string[], cache: string): Promise<void> {
  await copyFile(repositoryPath("operator/image/warm-up.sh"), join(cache, "warm-up.sh"));
  const environment = ["env", "NODE_COMPILE_CACHE=/shared", "NODE_ENV=production"];
  await runIn(layers, cache, [...environment, "sh", "/shared/warm-up.sh", ...nodeFlags]);
  await rm(join(cache, "warm-up.sh"));
}

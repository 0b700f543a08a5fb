// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";

/**
 * The house rules that a machine can check. CONTRIBUTING.md says what each is for. The last block
 * plants one violation of every rule: a checker that cannot fail proves nothing.
 */
const sourceRoot = import.meta.dirname;
const repositoryRoot = resolve(sourceRoot, "../..");

interface Source {
  /** Relative to operator/src, for example `core/server/plan.ts`. */
  readonly path: string;
  readonly text: string;
}

/** Which of our rooms, and which packages, each room may import. */
const rooms: Readonly<
  Record<string, { readonly rooms: readonly string[]; readonly packages: readonly RegExp[] }>
> = {
  api: { rooms: ["api"], packages: [/^zod$/] },
  core: { rooms: ["api", "core"], packages: [/^zod$/] },
  ports: { rooms: ["api", "core", "ports"], packages: [] },
  adapters: { rooms: ["api", "core", "ports", "adapters"], packages: [/./] },
  platform: { rooms: ["api", "ports", "platform"], packages: [/^pino$/, /^prom-client$/, /^zod$/] },
  controllers: {
    rooms: ["api", "core", "ports", "platform", "controllers"],
    packages: [],
  },
  agent: { rooms: ["api", "core", "ports", "platform", "agent"], packages: [] },
  testing: {
    // "..": a harness for a real libvirtd takes its root file system from hack/image.
    rooms: [
      "api",
      "core",
      "ports",
      "adapters",
      "platform",
      "controllers",
      "agent",
      "testing",
      "..",
    ],
    packages: [/./],
  },
  bin: {
    rooms: ["api", "core", "ports", "adapters", "platform", "controllers", "agent", "bin"],
    packages: [/^node:/],
  },
};

const isTest = (path: string): boolean => /\.(test|prop|conformance)\.ts$|\.test\.ts$/.test(path);
const roomOf = (path: string): string => path.split("/")[0] ?? "";

function filesBelow(directory: string, suffixes: readonly string[]): string[] {
  const skipped = new Set(["node_modules", ".git", "testdata"]);
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return [];
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(path, suffixes);
    return suffixes.some((suffix) => entry.name.endsWith(suffix)) ? [path] : [];
  });
}

/** The text with comments and the contents of strings blanked, so that words in prose do not count. */
function codeOf(text: string): string {
  const pattern =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g;
  return text.replace(pattern, (found) => {
    // Templates carry code between ${ and }: only those parts are kept.
    if (found.startsWith("`")) return (found.match(/\$\{[^}]*\}/g) ?? [""]).join(" ");
    return found.startsWith("/") ? " " : '""';
  });
}

/** The module names that a file imports, by any of the forms of the language. */
function importsOf(text: string): string[] {
  const withoutComments = text.replace(/\/\*[\s\S]*?\*\//g, " ").replace(/^\s*\/\/[^\n]*/gm, " ");
  const statement = /^\s*(?:import|export)\s(?:[^"';]*?\sfrom\s+)?["']([^"']+)["']/gm;
  const call = /\bimport\(\s*["']([^"']+)["']\s*\)/g;
  return [...withoutComments.matchAll(statement), ...withoutComments.matchAll(call)].map(
    (match) => match[1] ?? "",
  );
}

function wrongImports(source: Source): string[] {
  const room = rooms[roomOf(source.path)];
  if (room === undefined) return [`${source.path}: is in no room of the house`];
  return importsOf(source.text).flatMap((name) => {
    if (name.startsWith(".")) {
      const target = relative(sourceRoot, resolve(sourceRoot, dirname(source.path), name));
      return room.rooms.includes(roomOf(target)) ? [] : [`${source.path}: imports ${target}`];
    }
    const isAllowed = room.packages.some((pattern) => pattern.test(name));
    return isAllowed ? [] : [`${source.path}: imports the package ${name}`];
  });
}

const impure =
  /\basync\b|\bawait\b|\bPromise\b|\bconsole\b|\bprocess\b|\bMath\.random\b|\bDate\.now\b|\bnew Date\(\s*\)|\bset(?:Timeout|Interval|Immediate)\b|\bperformance\b|\bcrypto\b/;
const effectful =
  /\bset(?:Timeout|Interval|Immediate)\s*\(|\bDate\.now\b|\bnew Date\(\s*\)|\bMath\.random\b|\bprocess\.|\bperformance\.|\brandomUUID\b|\bAbortSignal\.timeout\b|\bconsole\./;
const drawers = new Set([
  "utils",
  "util",
  "helpers",
  "helper-functions",
  "common",
  "types",
  "misc",
]);

function impurities(source: Source): string[] {
  if (roomOf(source.path) !== "core") return [];
  const found = impure.exec(codeOf(source.text));
  return found === null
    ? []
    : [`${source.path}: core is pure and synchronous, but has ${found[0]}`];
}

function strayEffects(source: Source): string[] {
  if (["adapters", "bin", "testing"].includes(roomOf(source.path))) return [];
  const found = effectful.exec(codeOf(source.text));
  return found === null ? [] : [`${source.path}: ${found[0]} belongs behind a port`];
}

function nameFaults(path: string): string[] {
  const name = basename(path).replace(/(\.[a-z0-9]+)+$/, "");
  if (drawers.has(name)) return [`${path}: a file is named for what it holds`];
  return /^[a-z0-9]+(-[a-z0-9]+)*$/.test(name) ? [] : [`${path}: file names are kebab-case`];
}

function licenceFaults(path: string, text: string): string[] {
  const first = text.startsWith("#!") ? (text.split("\n")[1] ?? "") : (text.split("\n")[0] ?? "");
  return /SPDX-License-Identifier: Apache-2\.0/.test(first) ? [] : [`${path}: no licence line`];
}

/** Folders whose files must all be listed in their index: what is not listed does not exist. */
const registries = [
  "core/guest/features",
  "core/scheduler/filters",
  "core/scheduler/weighers",
  "core/server/actions",
  "testing/sim/acts",
  "testing/sim/faults",
  "testing/sim/invariants",
];

function unlisted(folder: string, sources: readonly Source[]): string[] {
  const index = sources.find((source) => source.path === `${folder}/index.ts`);
  const listed = new Set(index === undefined ? [] : importsOf(index.text));
  return sources
    .filter((source) => dirname(source.path) === folder && source !== index)
    .filter((source) => !listed.has(`./${basename(source.path)}`))
    .filter((source) => /\bdefine[A-Z]\w*\(/.test(source.text))
    .map((source) => `${source.path}: is not listed in ${folder}/index.ts`);
}

const linesMax = 400;
const sources: readonly Source[] = filesBelow(sourceRoot, [".ts"])
  .map((path) => ({ path: relative(sourceRoot, path), text: readFileSync(path, "utf8") }))
  .filter((source) => source.path.includes("/"));
const product = sources.filter((source) => !isTest(source.path));
const everything = ["operator", "hack", "e2e", "charts"]
  .map((folder) => join(repositoryRoot, folder))
  .flatMap((folder) => filesBelow(folder, [".ts", ".cjs", ".c", ".h", ".sh", "Dockerfile"]));

describe("the house", () => {
  test("has files to look at", () => {
    expect(product.length).toBeGreaterThan(40);
    expect(everything.length).toBeGreaterThan(product.length);
  });

  test("rooms import only what they may", () => {
    expect(product.flatMap(wrongImports)).toEqual([]);
  });

  test("core is pure and synchronous", () => {
    expect(product.flatMap(impurities)).toEqual([]);
  });

  test("clock, chance and process stand in adapters and bin only", () => {
    expect(product.flatMap(strayEffects)).toEqual([]);
  });

  test("files are named for what they hold", () => {
    const paths = everything.map((path) => relative(repositoryRoot, path));
    expect(paths.filter((path) => !path.endsWith("Dockerfile")).flatMap(nameFaults)).toEqual([]);
  });

  test("every source begins with the licence line", () => {
    const faults = everything.flatMap((path) =>
      licenceFaults(relative(repositoryRoot, path), readFileSync(path, "utf8")),
    );
    expect(faults).toEqual([]);
  });

  test("registries list every file of their folder", () => {
    for (const folder of registries) expect(unlisted(folder, sources)).toEqual([]);
    expect(sources.filter((source) => source.path.endsWith("/index.ts")).length).toBeGreaterThan(2);
  });

  test("every decision has a number of its own, and says it", () => {
    const directory = join(repositoryRoot, "docs/adr");
    const names = readdirSync(directory).filter((name) => name !== "README.md");
    const numbers = names.map((name) => name.slice(0, 4));
    expect(new Set(numbers).size).toBe(names.length);
    for (const name of names) {
      expect(readFileSync(join(directory, name), "utf8")).toMatch(`# ${name.slice(0, 4)}: `);
    }
  });

  test("wiring stays wiring and files stay small", () => {
    const lengths = product.map((source) => ({
      path: source.path,
      lines: source.text.split("\n").length - 1,
    }));
    const long = lengths.filter(
      ({ path, lines }) => lines > (roomOf(path) === "bin" ? 80 : linesMax),
    );
    expect(long).toEqual([]);
  });
});

const violation = (path: string, text: string): Source => ({ path, text });

describe("the checkers", () => {
  test("see a room that imports what it may not", () => {
    const inner = violation("core/server/x.ts", 'import { a } from "../../adapters/kube/a.ts";');
    const several = violation("agent/x/y.ts", 'import {\n  a,\n} from "../../adapters/a.ts";');
    const lazily = violation("platform/y.ts", 'const a = await import("../core/a.ts");');
    const foreign = violation("controllers/server/y.ts", 'import fs from "node:fs";');
    for (const one of [inner, several, lazily, foreign]) expect(wrongImports(one)).toHaveLength(1);
  });

  test("do not take a string or a comment for code", () => {
    const text = 'export const message = "await the Promise"; // Date.now()\n';
    expect(impurities(violation("core/x.ts", text))).toEqual([]);
    expect(importsOf('export const x = "ram";')).toEqual([]);
  });

  test("see impurity, stray effects, drawers, a missing licence and an unlisted file", () => {
    expect(impurities(violation("core/x.ts", "export const f = async () => 1;"))).toHaveLength(1);
    expect(impurities(violation("core/x.ts", "const a = `${Date.now()}`;"))).toHaveLength(1);
    expect(strayEffects(violation("agent/x.ts", "setTimeout(f, 1);"))).toHaveLength(1);
    expect(strayEffects(violation("platform/x.ts", "const e = process.env.X;"))).toHaveLength(1);
    expect(nameFaults("core/utils.ts")).toHaveLength(1);
    expect(nameFaults("core/camelCase.ts")).toHaveLength(1);
    expect(licenceFaults("x.ts", "export {};\n")).toHaveLength(1);
    const filter = violation("core/scheduler/filters/up.ts", "export const up = defineFilter({});");
    expect(unlisted("core/scheduler/filters", [filter])).toHaveLength(1);
  });
});

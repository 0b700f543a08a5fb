// SPDX-License-Identifier: Apache-2.0
/** The commands of `npm run cluster`, as data. */

const nodeActions = ["power-cut", "start", "stop", "resume", "partition", "heal"] as const;
const apiServerActions = ["stop", "start"] as const;

export type NodeAction = (typeof nodeActions)[number];
export type ApiServerAction = (typeof apiServerActions)[number];

export type Command =
  | { readonly verb: "up"; readonly nodeCount: number | undefined }
  | { readonly verb: "down" | "status" | "kubeconfig" }
  | { readonly verb: "node"; readonly node: string; readonly action: NodeAction }
  | { readonly verb: "apiserver"; readonly action: ApiServerAction }
  | { readonly verb: "exec"; readonly node: string; readonly argv: readonly string[] }
  | { readonly verb: "kubectl" | "helm"; readonly argv: readonly string[] }
  | { readonly verb: "load"; readonly archive: string };

export const usage = `usage: npm run cluster -- COMMAND
  up [--nodes COUNT]     bring the cluster up, or make it whole again (3 nodes)
  down                   remove it with everything in it
  status                 what runs
  kubeconfig             print the path of the administrator's kubeconfig
  kubectl|helm ARG...    run the cluster's own client
  load OCI-ARCHIVE       give an image to every node
  exec NODE COMMAND...   run a command on a node, outside of any pod
  node NODE ACTION       ${nodeActions.join(" | ")}
  apiserver ACTION       ${apiServerActions.join(" | ")}
NODE is a number or a name: 2 or node-2.
`;

/** What was typed makes no command. */
export class UsageError extends Error {}

type Verb = Command["verb"];

const parsers: Readonly<Record<Verb, (words: readonly string[]) => Command>> = {
  up: (words) => ({ verb: "up", nodeCount: parseNodeCount(words) }),
  down: (words) => plain("down", words),
  status: (words) => plain("status", words),
  kubeconfig: (words) => plain("kubeconfig", words),
  kubectl: (argv) => ({ verb: "kubectl", argv }),
  helm: (argv) => ({ verb: "helm", argv }),
  load: (words) => {
    const [archive = ""] = expectCount("load", words, 1);
    return { verb: "load", archive };
  },
  exec: ([node, ...argv]) => {
    if (node === undefined || argv.length === 0) {
      throw new UsageError("exec: which node, and what to run there?");
    }
    return { verb: "exec", node, argv };
  },
  node: (words) => {
    const [node = "", action] = expectCount("node", words, 2);
    return { verb: "node", node, action: oneOf(nodeActions, action) };
  },
  apiserver: (words) => {
    const [action] = expectCount("apiserver", words, 1);
    return { verb: "apiserver", action: oneOf(apiServerActions, action) };
  },
};

/** Reads a command line. Throws {@link UsageError}. */
export function parseCommandLine(words: readonly string[]): Command {
  const [verb, ...rest] = words;
  if (verb === undefined) throw new UsageError("which command?");
  if (!isVerb(verb)) throw new UsageError(`${verb}: no such command`);
  return parsers[verb](rest);
}

function isVerb(word: string): word is Verb {
  return Object.hasOwn(parsers, word);
}

function plain(verb: "down" | "status" | "kubeconfig", words: readonly string[]): Command {
  expectCount(verb, words, 0);
  return { verb };
}

function parseNodeCount(words: readonly string[]): number | undefined {
  if (words.length === 0) return undefined;
  const [option, value] = words;
  const count = Number(value);
  if (option !== "--nodes" || words.length !== 2 || !Number.isInteger(count) || count < 1) {
    throw new UsageError("up: its only option is --nodes with a count");
  }
  return count;
}

function expectCount(verb: Verb, words: readonly string[], count: number): readonly string[] {
  if (words.length !== count) {
    throw new UsageError(`${verb}: takes ${count} words, not ${words.length}`);
  }
  return words;
}

function oneOf<const T extends string>(allowed: readonly T[], word: string | undefined): T {
  const found = allowed.find((one) => one === word);
  if (found === undefined) throw new UsageError(`${word}: choose ${allowed.join(", ")}`);
  return found;
}

// SPDX-License-Identifier: Apache-2.0
/** Runs programs: output captured within a bound, and errors that name the command and its last words. */
import { spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { constants } from "node:os";

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** What the program reads; nothing by default. */
  readonly stdin?: string | Uint8Array;
  /** A file that the program reads, instead of `stdin`. */
  readonly stdinPath?: string;
  /** The program is killed after this time; no limit by default. */
  readonly timeoutSeconds?: number;
  /** More output than this on one stream kills the program. Default: 64 MiB. */
  readonly outputBytesMax?: number;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
}

export interface TryRunResult extends RunResult {
  /** 128 + signal number when a signal ended the program, as in a shell. */
  readonly exitCode: number;
}

const outputBytesMaxDefault = 64 * 1024 * 1024;
const quotedLinesMax = 30;

/** A program that could not be started, took too long, said too much or failed. */
export class CommandError extends Error {
  readonly command: string;
  readonly result: TryRunResult | undefined;

  constructor(command: string, what: string, result?: TryRunResult) {
    super(`${command}: ${what}${result === undefined ? "" : lastWords(result)}`);
    this.name = "CommandError";
    this.command = command;
    this.result = result;
  }
}

/** Runs a program to its end and returns what it wrote. Throws {@link CommandError} unless it exits with 0. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const result = await tryRun(program, args, options);
  if (result.exitCode !== 0) {
    throw new CommandError(commandLine(program, args), `exit code ${result.exitCode}`, result);
  }
  return result;
}

/** Like {@link run}, but a failing exit code is a result. Throws when the program did not run to its end. */
export async function tryRun(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<TryRunResult> {
  const stdin = options.stdinPath === undefined ? undefined : openSync(options.stdinPath, "r");
  try {
    return await collect(program, args, { ...options, stdinFd: stdin });
  } finally {
    if (stdin !== undefined) closeSync(stdin);
  }
}

/** Runs a program on this process's own terminal and returns its exit code. */
export function runAttached(
  program: string,
  args: readonly string[],
  options: Pick<RunOptions, "cwd" | "env"> = {},
): Promise<number> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: "inherit",
  });
  return new Promise((resolve, reject) => {
    child.once("error", (error) =>
      reject(new CommandError(commandLine(program, args), error.message)),
    );
    child.once("exit", (code, signal) => resolve(exitCodeOf(code, signal)));
  });
}

interface CollectOptions extends RunOptions {
  readonly stdinFd: number | undefined;
}

function collect(
  program: string,
  args: readonly string[],
  options: CollectOptions,
): Promise<TryRunResult> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: [options.stdinFd ?? "pipe", "pipe", "pipe"],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const result = (exitCode: number): TryRunResult => ({
    stdout: Buffer.concat(out).toString(),
    stderr: Buffer.concat(err).toString(),
    exitCode,
  });
  return new Promise((resolve, reject) => {
    const abandon = (what: string): void => {
      child.kill("SIGKILL");
      // A grandchild may hold the pipes open for ever, so the end of the output is not awaited.
      child.stdout?.destroy();
      child.stderr?.destroy();
      reject(new CommandError(commandLine(program, args), what, result(137)));
    };
    const bytesMax = options.outputBytesMax ?? outputBytesMaxDefault;
    for (const [stream, chunks] of [
      [child.stdout, out],
      [child.stderr, err],
    ] as const) {
      let bytes = 0;
      stream?.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > bytesMax) return abandon(`wrote more than ${bytesMax} bytes`);
        chunks.push(chunk);
      });
    }
    const { timeoutSeconds } = options;
    const timer =
      timeoutSeconds === undefined
        ? undefined
        : setTimeout(() => abandon(`no end within ${timeoutSeconds} s`), timeoutSeconds * 1000);
    child.once("error", (error) => {
      clearTimeout(timer);
      reject(new CommandError(commandLine(program, args), error.message));
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve(result(exitCodeOf(code, signal)));
    });
    // A program that ends without reading its input is judged by its exit code alone.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.stdin);
  });
}

function commandLine(program: string, args: readonly string[]): string {
  return [program, ...args]
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`))
    .join(" ");
}

function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

function lastWords({ stdout, stderr }: RunResult): string {
  const text = (stderr.trim() === "" ? stdout : stderr).trimEnd();
  return text === "" ? "" : `\n${text.split("\n").slice(-quotedLinesMax).join("\n")}`;
}

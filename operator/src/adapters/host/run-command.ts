// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { PortError, TimedOut } from "../../ports/errors.ts";

export interface RunOptions {
  /** The command, and all that it started, is killed after this time. */
  readonly timeoutSeconds: number;
  /** A command that writes more than this on one stream is killed. Default: 1 MiB. */
  readonly outputBytesMax?: number;
  /** An open file that the command has as its descriptor 3. */
  readonly file?: number;
}

export interface RunResult {
  /** 128 + signal number when a signal ended the command, as in a shell. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of every command; one that is given a file has that as well. */
const streams: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
const outputBytesMaxDefault = 2 ** 20;
/** Nothing of the agent's own environment, which may hold what commands need not know. */
const environment = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
};

/**
 * Runs a program to its end, no shell between, without input. Throws TimedOut, or PortError
 * `CommandFailed` when it could not be started or wrote too much.
 */
export function runCommand(argv: readonly string[], options: RunOptions): Promise<RunResult> {
  const [program = "", ...args] = argv;
  // A session of its own makes a process group, which is killed as a whole.
  const child = spawn(program, args, {
    cwd: "/",
    env: environment,
    stdio: [...streams, ...(options.file === undefined ? [] : [options.file])] as typeof streams,
    detached: true,
  });
  return new Promise((resolve, reject) => {
    const abandon = (error: PortError): void => {
      killGroup(child);
      child.stdout.destroy();
      child.stderr.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => abandon(new TimedOut(`${program} did not end within ${options.timeoutSeconds} s`)),
      options.timeoutSeconds * 1000,
    );
    const overflow = (): void =>
      abandon(new PortError("CommandFailed", `${program} wrote more than it may`));
    const bytesMax = options.outputBytesMax ?? outputBytesMaxDefault;
    const stdout = collect(child.stdout, bytesMax, overflow);
    const stderr = collect(child.stderr, bytesMax, overflow);
    child.once("error", (cause) => {
      clearTimeout(timer);
      reject(new PortError("CommandFailed", `${program} could not be started`, { cause }));
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      resolve({ exitCode: exitCodeOf(code, signal), stdout: stdout(), stderr: stderr() });
    });
  });
}

/** Keeps what the stream says; `overflow` is called when that is too much. */
function collect(
  stream: NodeJS.ReadableStream,
  bytesMax: number,
  overflow: () => void,
): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > bytesMax) overflow();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString();
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended meanwhile.
  }
}

function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** The last line that says something, for an error message. */
export function lastWords({ stdout, stderr }: RunResult): string {
  const lines = (stderr.trim() === "" ? stdout : stderr).trim().split("\n");
  return (lines.at(-1) ?? "").slice(0, 300);
}

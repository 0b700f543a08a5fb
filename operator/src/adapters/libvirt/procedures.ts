// SPDX-License-Identifier: Apache-2.0
// The calls that are made, as data: to add one is to add a line. Numbers and layouts are facts of
// libvirt's protocol (src/remote/remote_protocol.x, src/remote/qemu_protocol.x).
import { domain, domainRef, longText, uuid } from "./domain.ts";
import type { Program } from "./message.ts";
import { int32, list, nothing, optional, struct, uint32, uint64, type Codec } from "./xdr.ts";

export const remoteProgram: Program = { number: 0x2000_8086, version: 1 };
export const qemuProgram: Program = { number: 0x2000_8087, version: 1 };
export const keepaliveProgram: Program = { number: 0x6b65_6570, version: 1 };

/** What is called, and how long an answer may take. */
export interface CallTarget {
  readonly program: Program;
  readonly number: number;
  readonly timeoutSeconds: number;
}

export interface Procedure<Args, Reply> extends CallTarget {
  readonly args: Codec<Args>;
  readonly reply: Codec<Reply>;
}

/** The daemon answers from what it knows. */
const querySeconds = 10;
/** The daemon runs QEMU once for each binary and machine to learn what it can do. */
const probeSeconds = 60;
/** The daemon waits 30 s itself for a domain's other job to end, and its error says more than ours. */
const actSeconds = 45;
/** QEMU takes and clears the guest's memory. */
const startSeconds = 180;
/** The sum of the daemon's own limits for SIGTERM and SIGKILL, with room. */
const destroySeconds = 60;

const authTypesMax = 20;
const domainsMax = 16_384;

const name = optional(longText);

export const procedures = {
  authList: remote(66, nothing, struct({ types: list(int32, authTypesMax) }), querySeconds),
  connectOpen: remote(1, struct({ uri: name, flags: uint32 }), nothing, querySeconds),
  supportsFeature: remote(60, struct({ feature: int32 }), struct({ is: int32 }), querySeconds),
  registerEvent: remote(
    316,
    struct({ event: int32, domain: optional(domain) }),
    struct({ callback: int32 }),
    querySeconds,
  ),
  getVersion: remote(4, nothing, uint64, probeSeconds),
  getLibVersion: remote(157, nothing, uint64, querySeconds),
  getCapabilities: remote(7, nothing, longText, probeSeconds),
  getDomainCapabilities: remote(
    342,
    struct({ emulator: name, arch: name, machine: name, virtType: name, flags: uint32 }),
    longText,
    probeSeconds,
  ),
  listAllDomains: remote(
    273,
    struct({ needResults: int32, flags: uint32 }),
    struct({ domains: list(domain, domainsMax), count: uint32 }),
    querySeconds,
  ),
  lookupByUuid: remote(24, uuid, domain, querySeconds),
  getState: onDomain(212, struct({ state: int32, reason: int32 }), querySeconds),
  getXml: onDomain(14, longText, querySeconds),
  createXml: remote(10, struct({ xml: longText, flags: uint32 }), domain, startSeconds),
  shutdown: onDomain(258, nothing, actSeconds),
  destroy: onDomain(234, nothing, destroySeconds),
  suspend: remote(34, domainRef, nothing, actSeconds),
  resume: remote(28, domainRef, nothing, actSeconds),
  reset: onDomain(245, nothing, actSeconds),
  agentCommand: {
    program: qemuProgram,
    number: 3,
    args: struct({ domain: domainRef, command: longText, timeoutSeconds: int32, flags: uint32 }),
    reply: optional(longText),
    timeoutSeconds: actSeconds,
  },
};

function remote<Args, Reply>(
  number: number,
  args: Codec<Args>,
  reply: Codec<Reply>,
  timeoutSeconds: number,
): Procedure<Args, Reply> {
  return { program: remoteProgram, number, args, reply, timeoutSeconds };
}

function onDomain<Reply>(
  number: number,
  reply: Codec<Reply>,
  timeoutSeconds: number,
): Procedure<{ readonly domain: string; readonly flags: number }, Reply> {
  return remote(number, struct({ domain: domainRef, flags: uint32 }), reply, timeoutSeconds);
}

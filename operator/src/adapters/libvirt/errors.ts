// SPDX-License-Identifier: Apache-2.0
// libvirt's error replies as typed errors.
import { PortError, type Retry } from "../../ports/errors.ts";
import { LibvirtError, NoDomain } from "../../ports/libvirt.ts";
import { domain, longText, uuid } from "./domain.ts";
import { int32, optional, struct, type XdrReader } from "./xdr.ts";

/** The whole message may be megabytes of a hostile daemon's, and errors end in conditions. */
const messageCharsMax = 1024;

const maybeText = optional(longText);
const network = struct({ name: longText, uuid });

const errorLayout = struct({
  code: int32,
  domain: int32,
  message: maybeText,
  level: int32,
  unusedDomain: optional(domain),
  text1: maybeText,
  text2: maybeText,
  text3: maybeText,
  number1: int32,
  number2: int32,
  unusedNetwork: optional(network),
});

/** The error that the body of an error reply stands for. Throws XdrError. */
export function readError(body: XdrReader): PortError {
  const { code, message } = errorLayout.read(body);
  body.end();
  return errorOf(code, message ?? "libvirt gave no message");
}

/**
 * Reason and retry by code: virErrorNumber of libvirt/virterror.h. The XML, the host or the image
 * must change before a "never" can succeed; "now" means that the domain is not in the state that
 * the caller took it to be in.
 */
const reasons: Readonly<Record<number, readonly [reason: string, retry: Retry]>> = {
  1: ["InternalError", "backoff"],
  2: ["NoMemory", "backoff"],
  3: ["NoSupport", "never"],
  8: ["InvalidArgument", "never"],
  9: ["OperationFailed", "backoff"],
  27: ["XmlError", "never"],
  29: ["OperationDenied", "never"],
  35: ["XmlDetail", "never"],
  38: ["SystemError", "backoff"],
  39: ["RpcError", "backoff"],
  55: ["OperationInvalid", "now"],
  66: ["NoSecret", "backoff"],
  67: ["ConfigUnsupported", "never"],
  68: ["OperationTimeout", "backoff"],
  74: ["ArgumentUnsupported", "never"],
  78: ["OperationAborted", "backoff"],
  84: ["OperationUnsupported", "never"],
  86: ["AgentUnresponsive", "backoff"],
  87: ["ResourceBusy", "backoff"],
  88: ["AccessDenied", "never"],
  91: ["CpuIncompatible", "never"],
  92: ["XmlInvalidSchema", "never"],
  97: ["AgentUnsynced", "backoff"],
  112: ["AgentCommandTimeout", "backoff"],
  113: ["AgentCommandFailed", "backoff"],
};

/** libvirt's number for "no domain of this uuid". */
const noDomainCode = 42;

/** The error of that code, its message cut to a bound. */
export function errorOf(code: number, message: string): PortError {
  const shown = message.slice(0, messageCharsMax);
  if (code === noDomainCode) return new NoDomain(shown);
  const [reason, retry] = reasons[code] ?? ["LibvirtError", "backoff"];
  return new LibvirtError(reason, code, shown, retry);
}

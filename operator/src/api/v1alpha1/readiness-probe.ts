// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { text } from "../bounded.ts";

const portSchema = z.int().min(1).max(65_535);

/** A header's value ends with its line. */
const headerValue = text(0, 512).regex(
  /^[ -~]*$/,
  "write printable ASCII characters, all on one line",
);

const headerSchema = z.strictObject({
  name: text(1, 64)
    .regex(/^[-A-Za-z0-9_]+$/, "write letters, digits, '-' and '_'")
    .describe("Name of the header."),
  value: headerValue.describe("Its value."),
});

const httpGetSchema = z.strictObject({
  port: portSchema.describe("Port of the guest."),
  path: text(1, 1024)
    .regex(/^\/[!-~]*$/, "write a path that begins with '/', without spaces")
    .default("/")
    .describe("Path, with a query if there is one."),
  httpHeaders: z
    .array(headerSchema)
    .max(8)
    .optional()
    .describe("Headers of the request; Host is the guest's address unless it is given here."),
});

const execSchema = z.strictObject({
  command: z
    .array(text(1, 512))
    .min(1)
    .max(16)
    .describe("Program, by its whole path, and its arguments. No shell reads them."),
});

/** How it is found out whether a guest answers, in the shape of a pod's readiness probe. */
export const readinessProbeSchema = z
  .strictObject({
    tcpSocket: z
      .strictObject({ port: portSchema.describe("Port of the guest.") })
      .optional()
      .describe("The guest takes a TCP connection on its card on the pod network."),
    httpGet: httpGetSchema
      .optional()
      .describe(
        "The guest answers GET over HTTP, without TLS, on its card on the pod network with a status of 200 to 399. A redirection is not followed.",
      ),
    exec: execSchema
      .optional()
      .describe("The guest's agent runs a command in the guest that ends with 0."),
    guestAgentPing: z.strictObject({}).optional().describe("The guest's agent answers a ping."),
    initialDelaySeconds: z
      .int()
      .min(0)
      .max(3600)
      .default(0)
      .describe("Time after the guest's start before the first probe."),
    periodSeconds: z.int().min(1).max(3600).default(10).describe("Time from probe to probe."),
    timeoutSeconds: z
      .int()
      .min(1)
      .max(300)
      .default(1)
      .describe("Time after which a probe has failed."),
    successThreshold: z
      .int()
      .min(1)
      .max(100)
      .default(1)
      .describe("Probes that succeed one after another before the guest is ready."),
    failureThreshold: z
      .int()
      .min(1)
      .max(100)
      .default(3)
      .describe("Probes that fail one after another before the guest is not ready any more."),
  })
  .describe(
    "When the guest is ready to be reached by Services. Absent: while it runs. A change acts on the running guest.",
  );

export type ReadinessProbe = z.output<typeof readinessProbeSchema>;

/** The ways to probe, of which a probe has one. */
export const probeKinds = ["tcpSocket", "httpGet", "exec", "guestAgentPing"] as const;

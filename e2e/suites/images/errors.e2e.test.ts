// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bridge } from "../../../hack/cluster/layout.ts";
import { type ImageServer, serveImage } from "../../framework/image-server.ts";
import { Tenant } from "../../framework/tenant.ts";
import { until } from "../../framework/wait.ts";
import { theWorld } from "../../framework/world.ts";

const namespace = "e2e-image-errors";

/** No file has these checksums, so that nothing is found in a cache. */
const checksumOf = (digit: string): string => `sha256:${digit.repeat(64)}`;

interface Wrong {
  readonly url: string;
  readonly checksum: string;
  readonly minDiskGib?: number;
}

/** Each ends with what a person reads who asks why the server does not run. */
describe("a server whose image is of no use", () => {
  let tenant: Tenant;
  let directory: string;
  let notAnImage: ImageServer;
  let textChecksum: string;

  beforeAll(async () => {
    tenant = new Tenant(await theWorld(), namespace);
    await tenant.remove();
    await tenant.prepare();
    directory = await mkdtemp(join(tmpdir(), "images-"));
    const path = join(directory, "text");
    const text = "These bytes are no disk.\n".repeat(1000);
    await writeFile(path, text);
    textChecksum = `sha256:${createHash("sha256").update(text).digest("hex")}`;
    notAnImage = await serveImage(path, bridge.address);
  });

  afterAll(async () => {
    await notAnImage.close();
    await rm(directory, { recursive: true });
    await tenant.remove();
  });

  /** The Ready condition says it, and so does an Event. */
  async function expectTold(name: string, wrong: Wrong, reason: string, message: RegExp) {
    const { url, checksum, minDiskGib = 0 } = wrong;
    await tenant.apply({
      apiVersion: "kilonova.io/v1alpha1",
      kind: "Image",
      metadata: { name, namespace },
      spec: { source: { http: { url, checksum } }, minDiskGib },
    });
    await tenant.createServer(name, { image: { name } });
    const server = await tenant.untilServer(
      name,
      reason,
      ({ status }) =>
        status?.conditions?.some((one) => one.type === "Ready" && one.reason === reason) === true,
    );
    const ready = server.status?.conditions?.find(({ type }) => type === "Ready");
    expect(ready?.status).toBe("False");
    expect(ready?.message).toMatch(new RegExp(`^image ${name} `));
    expect(ready?.message).toMatch(message);
    await until(
      `the event ${reason}`,
      async () => {
        const about = `regarding.name=${name},reason=${reason}`;
        const events = ["get", "events.events.k8s.io", "-n", namespace, "--field-selector", about];
        return message.test(await tenant.kubectl(...events, "-o", "jsonpath={.items[*].note}"));
      },
      { timeoutSeconds: 15 },
    );
    await tenant.kubectl("delete", "server", "-n", namespace, name, "--timeout=60s");
  }

  test("since nobody has the file at its url", async () => {
    notAnImage.fault = "not-found";
    const wrong = { url: notAnImage.url, checksum: checksumOf("1") };
    const message = /image\.qcow2 answered with status 404: put the file there, or make an Image/;
    await expectTold("missing", wrong, "ImageFetchFailed", message);
    notAnImage.fault = "none";
  });

  test("since the file has another checksum", async () => {
    const wrong = { url: notAnImage.url, checksum: checksumOf("2") };
    const message = new RegExp(
      `has the checksum ${textChecksum}, not ${checksumOf("2")}: if it is`,
    );
    await expectTold("other", wrong, "ImageChecksumMismatch", message);
  });

  test("since the file is no disk", async () => {
    const wrong = { url: notAnImage.url, checksum: textChecksum };
    const message = /cannot be read as qcow2 \(.+\): make an Image that names its real format/;
    await expectTold("text", wrong, "ImageInvalid", message);
  });

  test("since it does not fit into the flavor's disk", async () => {
    const { url, checksum } = tenant.world.image;
    const wrong = { url, checksum, minDiskGib: 2 };
    const message = /needs a root disk of 2 GiB, not 1: take a larger flavor than e2e\.tiny/;
    await expectTold("large", wrong, "ImageTooLarge", message);
  });

  test("since its url leads into the node", async () => {
    notAnImage.fault = "redirect-to-loopback";
    const wrong = { url: notAnImage.url, checksum: checksumOf("3") };
    const message =
      /127\.0\.0\.1 is 127\.0\.0\.1, an address of this cluster .*images\.allowedSources/;
    await expectTold("inside", wrong, "ImageSourceRefused", message);
    notAnImage.fault = "none";
  });
});

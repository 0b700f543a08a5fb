// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeAll, describe, expect, test as base, vi } from "vitest";
import { factsOf } from "../../src/core/guest/metadata/facts.ts";
import { metadataOf } from "../../src/core/guest/metadata/metadata.ts";
import { networkDataOf } from "../../src/core/guest/metadata/network-data.ts";
import {
  type Part,
  randomSeed,
  type Recipe,
  type SecretPart,
} from "../../src/core/guest/metadata/recipe.ts";
import { aGuest, aServer } from "../../src/testing/builders.ts";
import { until } from "../../src/testing/until.ts";
import { compiled, throwIfUnsound } from "../testing/compiled.ts";
import { fakesRoot, MetadataWorld } from "../testing/metadata-world.ts";

let program: string;

beforeAll(async () => {
  await MetadataWorld.makeFakes();
  program = await compiled("metadata", [`-DROOT="${fakesRoot}"`]);
}, 60_000);

vi.setConfig({ testTimeout: 30_000 });

const test = base.extend<{ world: MetadataWorld }>({
  world: async ({ task }, use) => {
    const world = await MetadataWorld.prepare(program);
    await use(world);
    await world.close();
    if (task.result?.state === "fail") process.stderr.write(world.stderr);
    throwIfUnsound(world.stderr);
  },
});

const sshKey = 'ssh-ed25519 AAAA é@"here"\\';
const server = aServer({
  spec: {
    sshKeys: [{ secret: { name: "keys", key: "id.pub" } }],
    userData: { secret: { name: "data", key: "user" } },
    metadata: { "ha:priority": "10" },
  },
});
const devices = { networkData: networkDataOf([], []), nics: [] };
const recipe: Recipe = {
  drive: "iso9660",
  entries: metadataOf(factsOf(server, aGuest().spec.domain), devices),
};
/** Nothing that is text: compressed user data are as good as others. */
const userData = Buffer.from([0x1f, 0x8b, 0x00, 0xff, 0x0a, 0x00]);
const secrets = { "ssh-key-0": `${sshKey}\n`, "user-data": userData };

const page = (...parts: readonly Part[]): Recipe => ({
  drive: "none",
  entries: [{ path: "/page", isOnDrive: false, contentType: "text/plain", parts }],
});

const secretPart: SecretPart = {
  kind: "secret",
  encoding: "json",
  file: "ssh-key-0",
  bytesMax: 64,
  origin: "spec.sshKeys[0]: Secret keys, key id.pub",
};

describe.concurrent("the config drive", () => {
  test("has the values of Secrets where the recipe wants them", async ({ world }) => {
    await world.mount(recipe, secrets);
    await world.started();
    const latest = await world.driveFile("openstack/latest/meta_data.json");
    expect(JSON.parse(latest.toString())).toMatchObject({
      uuid: "5e12e12e-0000-4000-8000-000000000001",
      hostname: "web",
      meta: { "ha:priority": "10" },
      public_keys: { "keys/id.pub": sshKey },
      keys: [{ name: "keys/id.pub", type: "ssh", data: sshKey }],
    });
    expect(await world.driveFile("openstack/latest/user_data")).toEqual(userData);
    expect(await world.driveFile("ec2/latest/user-data")).toEqual(userData);
    const ec2 = await world.driveFile("ec2/2009-04-04/meta-data.json");
    expect(JSON.parse(ec2.toString())).toMatchObject({
      "public-keys": { 0: { _name: "0=keys/id.pub", "openssh-key": sshKey } },
    });
  });

  test("has a random seed of 512 bytes, another in each file", async ({ world }) => {
    await world.mount(recipe, secrets);
    await world.started();
    const seeds = await Promise.all(
      ["latest", "2020-10-14"].map(async (version) => {
        const text = await world.driveFile(`openstack/${version}/meta_data.json`);
        return (JSON.parse(text.toString()) as { random_seed: string }).random_seed;
      }),
    );
    expect(seeds.map((seed) => Buffer.from(seed, "base64").length)).toEqual([512, 512]);
    expect(Buffer.from(seeds[0] ?? "", "base64").toString("base64")).toBe(seeds[0]);
    expect(seeds[0]).not.toBe(seeds[1]);
  });

  test("leaves nothing behind but itself, readable by the guest's user alone", async ({
    world,
  }) => {
    await world.mount(recipe, secrets);
    await world.started();
    expect(await readdir(join(world.directory, "tmp"))).toEqual([]);
    expect((await readdir(join(world.directory, "vm"))).toSorted()).toEqual([
      "config-drive",
      "metadata",
    ]);
    expect((await stat(join(world.directory, "vm/metadata"))).mode & 0o777).toBe(0o600);
  });

  test("is made again when its maker failed", async ({ world }) => {
    await world.mount(recipe, { ...secrets, "no-image": "" });
    world.start();
    await until("it says so", async () => (await world.status()).startsWith("waiting "));
    expect(await world.status()).toMatch(/^waiting .*xorriso ended with status 0x300\n$/);
    await rm(join(world.directory, "metadata/no-image"));
    await until("it is made", async () => (await world.status()) === "ready\n");
  });

  test("stays what it was, whatever becomes of Server and Secrets", async ({ world }) => {
    await world.mount(recipe, secrets);
    await world.started();
    const before = await world.driveFile("openstack/latest/meta_data.json");
    await world.kill();
    await world.mount("metadata 1\n", { "ssh-key-0": "ssh-rsa other", "user-data": "other" });
    await world.started();
    expect(await world.driveFile("openstack/latest/meta_data.json")).toEqual(before);
    expect((await world.get("/openstack/latest/user_data")).body).toEqual(userData);
  });

  test("is not made for a server that has none, which has metadata all the same", async ({
    world,
  }) => {
    await world.mount(page("hello"));
    await world.started();
    expect(await readdir(join(world.directory, "vm"))).toEqual(["metadata"]);
    expect((await world.get("/page")).body.toString()).toBe("hello");
  });
});

describe.concurrent("a Secret", () => {
  test("that is not there is waited for by name", async ({ world }) => {
    await world.mount(page(secretPart));
    world.start();
    const missing = "waiting spec.sshKeys[0]: Secret keys, key id.pub is not there: make it\n";
    await until("it is named", async () => (await world.status()) === missing);
    await sleep(2500);
    await world.addSecret("ssh-key-0", "ssh-rsa AAAA");
    await until("it is found", async () => (await world.status()) === "ready\n");
    expect((await world.get("/page")).body.toString()).toBe("ssh-rsa AAAA");
  });

  test.for([
    ["x".repeat(65), "has more than 64 bytes: make it smaller"],
    [" \n\t", "is empty: put a public key there"],
    ["-----BEGIN OPENSSH PRIVATE KEY-----", "is a private key: put the public one there"],
    [Buffer.from([0x61, 0xff]), "is not text in UTF-8"],
    [Buffer.from([0xed, 0xa0, 0x80]), "is not text in UTF-8"],
    [Buffer.from([0xc0, 0x80]), "is not text in UTF-8"],
    [Buffer.from([0xe2, 0x82]), "is not text in UTF-8"],
  ] as const)("with %j is refused: %s", async ([value, reason], { world }) => {
    await world.mount(page(secretPart), { "ssh-key-0": value });
    world.start();
    const told = `waiting ${secretPart.origin} ${reason}\n`;
    await until("it is refused", async () => (await world.status()) !== "");
    expect(await world.status()).toBe(told);
  });

  test("is the inside of a JSON string, whatever text it is", async ({ world }) => {
    const text = 'a"\\\u0001\t\n\u007fé€𝄞b';
    await world.mount(page('"', secretPart, '"'), { "ssh-key-0": `${text} \r\n` });
    await world.started();
    expect(JSON.parse((await world.get("/page")).body.toString())).toBe(text);
  });
});

describe.concurrent("a recipe", () => {
  const unknown = "waiting the recipe is not one that this guest image knows";

  test.for([
    "",
    "metadata 2\n",
    "metadata 1",
    "metadata 1\nbogus\n",
    "metadata 1\ntext 5\nhell\n",
    "metadata 1\ntext 18446744073709551615\nx\n",
    "metadata 1\nfile /../../etc/passwd -\n",
    "metadata 1\nfile etc/passwd -\n",
    "metadata 1\nfile /{..,a}/etc/passwd -\n",
    "metadata 1\nfile /{a,b - 0\n",
    `metadata 1\nfile /${"a".repeat(300)} - 0\n`,
    "metadata 1\nsecret raw 9 ../other origin\n",
  ])("that is %j is refused", async (text, { world }) => {
    await world.mount(text);
    world.start();
    await until("it is refused", async () => (await world.status()) !== "");
    expect(await world.status()).toContain(unknown);
  });

  test("that is not there is no guest's: nothing is made", async ({ world }) => {
    world.start();
    await sleep(500);
    expect([world.isRunning, await world.status()]).toEqual([true, ""]);
    expect(await readdir(join(world.directory, "vm"))).toEqual([]);
  });
});

describe.concurrent("the metadata service", () => {
  test("answers as Nova's: every page of the recipe, with its type", async ({ world }) => {
    await world.mount(recipe, secrets);
    await world.started();
    const listed = await world.get("/openstack/latest/");
    expect(listed.body.toString()).toBe(
      "meta_data.json\nuser_data\nvendor_data.json\nnetwork_data.json\nvendor_data2.json",
    );
    const json = await world.get("/openstack/latest/meta_data.json");
    expect(json.status).toBe("HTTP/1.1 200 OK");
    expect(json.headers).toContain("Content-Type: application/json");
    expect(json.headers).toContain(`Content-Length: ${json.body.length}`);
    expect(JSON.parse(json.body.toString())).toMatchObject({ hostname: "web" });
    expect((await world.get("/latest/meta-data/hostname")).body.toString()).toBe("web");
    expect((await world.get("//latest/meta-data//?x=1")).body.toString()).toContain("hostname\n");
    expect((await world.get("/")).body.toString()).toMatch(/^1\.0\n.*\nlatest$/s);
  });

  test("gives another random seed at each request", async ({ world }) => {
    await world.mount(page(randomSeed));
    await world.started();
    const [one, other] = [await world.get("/page"), await world.get("/page")];
    expect(one.body.length).toBe(684);
    expect(one.body.equals(other.body)).toBe(false);
  });

  test.for([
    ["GET /page HTTP/1.1\r\n\r\n", "200 OK", "hello"],
    ["GET /page HTTP/1.0\n\n", "200 OK", "hello"],
    ["HEAD /page HTTP/1.1\r\n\r\n", "200 OK", ""],
    ["GET /nothing HTTP/1.1\r\n\r\n", "404 Not Found", "There is no such page.\n"],
    ["HEAD /nothing HTTP/1.1\r\n\r\n", "404 Not Found", ""],
    ["GET /page/../../etc/passwd HTTP/1.1\r\n\r\n", "404 Not Found", "There is no such page.\n"],
    [
      "PUT /latest/api/token HTTP/1.1\r\n\r\n",
      "405 Method Not Allowed",
      "Only pages can be got here.\n",
    ],
    ["GET page HTTP/1.1\r\n\r\n", "400 Bad Request", "Only pages can be got here.\n"],
    ["GET /page\r\n\r\n", "400 Bad Request", "Only pages can be got here.\n"],
    ["\r\n\r\n", "400 Bad Request", "Only pages can be got here.\n"],
  ] as const)("answers %j with %j", async ([request, status, body], { world }) => {
    await world.mount(page("hello"));
    await world.started();
    const answer = (await world.send(request)).toString();
    const [head = "", content] = answer.split("\r\n\r\n");
    expect([head.split("\r\n")[0], content]).toEqual([`HTTP/1.1 ${status}`, body]);
  });

  test("answers nothing to a request of more than 8 KiB", async ({ world }) => {
    await world.mount(page("hello"));
    await world.started();
    expect((await world.send(`GET /${"x".repeat(9000)} HTTP/1.1\r\n\r\n`)).length).toBe(0);
    expect((await world.get("/page")).body.toString()).toBe("hello");
  });

  test("goes on beside requests that never end, and ends them", async ({ world }) => {
    await world.mount(page("hello"));
    await world.started();
    const ends = [];
    for (let count = 0; count < 6; count += 1) {
      const slow = await world.connect();
      ends.push(new Promise((resolve) => void slow.once("close", resolve)));
      slow.resume().write("GET /page HTTP/1.1\r\n");
    }
    const began = performance.now();
    expect((await world.get("/page")).body.toString()).toBe("hello");
    expect(performance.now() - began).toBeLessThan(4000);
    await Promise.all(ends);
  });

  test("answers a hundred requests at once, and then fifty a second", async ({ world }) => {
    await world.mount(page("hello"));
    await world.started();
    const began = performance.now();
    for (let count = 0; count < 130; count += 1) await world.get("/page");
    expect(performance.now() - began).toBeGreaterThan(500);
  });

  test("takes any bytes for a request without harm", async ({ world }) => {
    await world.mount(page("hello"));
    await world.started();
    const word = fc.constantFrom(
      "GET",
      "HEAD",
      " ",
      "/",
      "/page",
      "?",
      "\r\n",
      "\n",
      "HTTP/1.1",
      "\0",
    );
    const text = fc.array(fc.oneof(word, fc.string({ maxLength: 5 })), { maxLength: 20 });
    const request = fc.oneof(
      text.map((words) => Buffer.from(words.join(""))),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    );
    await fc.assert(
      fc.asyncProperty(request, async (bytes) => {
        await world.send(bytes);
        expect(world.isRunning).toBe(true);
      }),
      { numRuns: 200 },
    );
    expect((await world.get("/page")).body.toString()).toBe("hello");
  });
});

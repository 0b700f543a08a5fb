// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:fs";
import { link, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { BaseImage } from "../../core/guest/disk.ts";
import {
  guestDirectory,
  guestFile,
  imageFile,
  type NodePaths,
  podPath,
} from "../../core/guest/paths.ts";
import { AlreadyExists, PortError, Refused, Unavailable } from "../../ports/errors.ts";
import type { DiskFormat, GuestDisks, RootDisk } from "../../ports/guest-disks.ts";
import { type CommandResult, type Helper, helperPath } from "../../ports/helper.ts";
import { lastWords } from "./run-command.ts";

/** What qemu-img says of a file; it says more. */
const infoSchema = z.object({
  "virtual-size": z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  "backing-filename": z.string().optional(),
  encrypted: z.boolean().optional(),
  "format-specific": z
    .object({ data: z.object({ "data-file": z.string().optional() }).optional() })
    .optional(),
});

/** Generous for any honest file, and an end for one that is made to take all there is. */
const limits = { timeoutSeconds: 30, cpuSeconds: 10, memoryMib: 512 } as const;
/** Tables of an empty overlay, also of the largest disk. */
const overlayFileMib = 256;
const draftName = `${guestFile.disk}.new`;

/** Disks below `paths`, by the qemu-img of the helper. */
export function createGuestDisks(paths: NodePaths, helper: Helper): GuestDisks {
  return {
    inspect: (base, format) => inspect(helper, base, format),
    createRootDisk: (disk) => createRootDisk(paths, helper, disk),
  };
}

async function inspect(helper: Helper, base: string, format: DiskFormat): Promise<BaseImage> {
  const path = imageFile(helperPath.images, base);
  const argv = ["qemu-img", "info", "--output=json", "-f", format, path];
  const result = await helper.run(argv, { limits: { ...limits, fileSizeMib: 0 } });
  if (result.exitCode !== 0) throw inspectionError(result, format);
  const info = readInfo(result.stdout);
  const { encrypted, "format-specific": specific } = info;
  return {
    virtualSizeBytes: info["virtual-size"],
    hasBackingFile: info["backing-filename"] !== undefined,
    hasDataFile: specific?.data?.["data-file"] !== undefined,
    isEncrypted: encrypted === true,
  };
}

/** Only what qemu-img itself says is about the image. */
function inspectionError(result: CommandResult, format: DiskFormat): PortError {
  const said = lastWords(result);
  const isMissing = said.includes("No such file or directory");
  if (said.startsWith("qemu-img:") && !isMissing) {
    const why = said.replace(/^qemu-img:(?: Could not open '[^']*':)? /, "");
    const cure = "make an Image that names its real format, or of a file that was converted";
    return new Refused("ImageInvalid", `it cannot be read as ${format} (${why}): ${cure}`);
  }
  return new Unavailable(`the image could not be looked at: ${said}`);
}

function readInfo(text: string): z.output<typeof infoSchema> {
  try {
    return infoSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Refused("ImageInvalid", "qemu-img says nothing sensible of the image", cause);
  }
}

/** Under another name first: what has the disk's name is whole, whenever the agent is killed. */
async function createRootDisk(paths: NodePaths, helper: Helper, disk: RootDisk): Promise<void> {
  const { incarnation, uid, base, baseFormat, sizeBytes } = disk;
  const directory = guestDirectory(paths.guests, incarnation);
  await attempt(rm(join(directory, draftName), { force: true }));
  // The base is named as the pod will see it, where it is not looked at now.
  const backing = ["-u", "-b", imageFile(podPath.images, base), "-F", baseFormat];
  const draft = join(guestDirectory(helperPath.guests, incarnation), draftName);
  const argv = ["qemu-img", "create", "-q", "-f", "qcow2", ...backing, draft, String(sizeBytes)];
  const result = await helper.run(argv, {
    uid,
    limits: { ...limits, fileSizeMib: overlayFileMib },
  });
  if (result.exitCode !== 0) throw new PortError("DiskFailed", lastWords(result));
  await attempt(keep(directory));
}

/** A link never replaces what has the name already. */
async function keep(directory: string): Promise<void> {
  const draft = join(directory, draftName);
  await sync(draft);
  await link(draft, join(directory, guestFile.disk));
  await rm(draft);
  await sync(directory);
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function attempt(effect: Promise<void>): Promise<void> {
  try {
    await effect;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "EEXIST") throw new AlreadyExists("the guest has a disk already", cause);
    throw new PortError("FileFailed", message, { cause });
  }
}

// SPDX-License-Identifier: Apache-2.0
/**
 * Fetches one image, as a user without any right: reads a DownloadRequest as JSON from standard input,
 * writes the image to standard output, and, when it fails, why as JSON to standard error.
 */
import { text } from "node:stream/consumers";
import { type DownloadRequest, downloadImage } from "../adapters/http/image-download.ts";
import { PortError } from "../ports/errors.ts";

try {
  const request = JSON.parse(await text(process.stdin)) as DownloadRequest;
  await downloadImage(request, process.stdout);
} catch (error) {
  const reason = error instanceof PortError ? error.reason : "ImageFetchFailed";
  process.stderr.write(JSON.stringify({ reason, message: (error as Error).message }));
  process.exitCode = 1;
}

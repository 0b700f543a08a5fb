// SPDX-License-Identifier: Apache-2.0
/** `node serve-disk.ts FILE PORT`: a web server for one file. Runs in a pod of the demo. */
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";

const [file = "", port = ""] = process.argv.slice(2);

const server = createServer((request, response) => {
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405).end();
    return;
  }
  const { size } = statSync(file);
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": size });
  if (request.method === "HEAD") response.end();
  else createReadStream(file).pipe(response);
});
server.listen(Number(port));
process.once("SIGTERM", () => server.close());

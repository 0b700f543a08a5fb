// SPDX-License-Identifier: Apache-2.0
import { createConnection } from "node:net";
import type { Clock } from "../../ports/clock.ts";
import { TimedOut } from "../../ports/errors.ts";
import type { Libvirt } from "../../ports/libvirt.ts";
import { RpcConnection } from "./connection.ts";

/** Libvirt over the RPC of libvirtd's Unix socket, without libvirt's own library. */
export function createLibvirtClient(clock: Clock): Libvirt {
  return {
    async connect(socketPath, { timeoutSeconds }) {
      // What is written before the socket connects waits in it; a failure to connect ends the
      // connection, and with it the first call.
      const connection = new RpcConnection(createConnection(socketPath), clock);
      const cancelTimeout = clock.after(timeoutSeconds * 1000, () =>
        connection.close(
          new TimedOut(`libvirtd did not open a connection within ${timeoutSeconds} s`),
        ),
      );
      try {
        await connection.open();
        return connection;
      } catch (error) {
        connection.close();
        throw error;
      } finally {
        cancelTimeout();
      }
    },
  };
}

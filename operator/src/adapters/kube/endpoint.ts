// SPDX-License-Identifier: Apache-2.0
import type { SecureContextOptions } from "node:tls";

/** Where an API server is, and who we are to it. */
export interface Endpoint {
  /** For example `https://10.96.0.1:443`. */
  readonly url: string;
  readonly tls: Pick<SecureContextOptions, "ca" | "cert" | "key"> & {
    readonly rejectUnauthorized?: boolean;
    readonly servername?: string;
  };
  /** Headers that say who asks. Read for every request: tokens are replaced while we run. */
  credentials(): Promise<Readonly<Record<string, string>>>;
  /** The API server did not accept the credentials: get them anew for the next request. */
  forgetCredentials(): void;
}

// SPDX-License-Identifier: Apache-2.0
import { text } from "./bounded.ts";

/** Name of an availability zone. */
export const zoneName = text(1, 63).regex(
  /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/,
  "write letters, digits, '-', '_' and '.', with a letter or digit at both ends",
);

/** Name of a trait that an administrator gives; standard ones are the hosts' own to tell. */
export const traitName = text(8, 255).regex(
  /^CUSTOM_[A-Z0-9_]+$/,
  "write CUSTOM_ and then capital letters, digits and '_'",
);

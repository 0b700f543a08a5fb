// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";

const truths = ["1", "t", "true", "on", "y", "yes"];
const falsehoods = ["0", "f", "false", "off", "n", "no"];

/** A boolean as OpenStack's strict parser reads it, in any case. Source: nova-semantics 4.2. */
export const openstackBool = z
  .string()
  .toLowerCase()
  .pipe(z.enum([...truths, ...falsehoods], "is not one of true, false, yes, no, on, off, 1, 0"))
  .transform((word) => truths.includes(word));

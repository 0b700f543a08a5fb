// SPDX-License-Identifier: Apache-2.0
import { uuidSchema } from "../../api/v1alpha1/guest-model.ts";

/** What the file that keeps a hypervisor's uuid says. */
export type Identity =
  | { readonly kind: "known"; readonly uuid: string }
  /** The agent never ran on this disk: it may choose a uuid and keep it. */
  | { readonly kind: "absent" }
  /** Guests may stand here under a uuid that nobody can read: choosing another one would deny them. */
  | { readonly kind: "damaged" };

/** Reads the identity from the file's text; `text` is undefined when there is no file. */
export function identityOf(text: string | undefined): Identity {
  if (text === undefined) return { kind: "absent" };
  const uuid = uuidSchema.safeParse(text.trim());
  return uuid.success ? { kind: "known", uuid: uuid.data } : { kind: "damaged" };
}

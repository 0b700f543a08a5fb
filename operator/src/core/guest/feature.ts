// SPDX-License-Identifier: Apache-2.0
import type { z } from "zod";
import type { DomainModel } from "../../api/v1alpha1/guest.ts";

/** What extra specs and image properties decide of a guest. Absent members take the default. */
export interface Contribution {
  readonly firmware?: DomainModel["firmware"];
  /** QEMU's canonical machine type; absent leaves the choice to the first host. */
  readonly machineType?: string;
  readonly hasRng?: boolean;
  readonly hasGuestAgent?: boolean;
  /** Network cards have a pair of queues for each vCPU. */
  readonly isMultiqueue?: boolean;
  readonly shutdownTimeoutSeconds?: number;
  /** Traits that its host must have. Those of all features add up. */
  readonly requiredTraits?: readonly string[];
}

type Schemas = Readonly<Record<string, z.ZodType>>;

/** Extra specs or properties as they were written. */
export type Properties = Readonly<Record<string, string>>;

/** Keys whose names are in part the user's own, with the schema of their values. */
export type KeyForm = readonly [form: RegExp, schema: z.ZodType];

/** What was found of a feature's keys, parsed. A key that was not given is absent. */
type Values<Keys extends Schemas> = { readonly [Key in keyof Keys]?: z.output<Keys[Key]> };

interface Typed<FlavorKeys extends Schemas, ImageKeys extends Schemas> {
  /** Extra specs that it reads, each with the schema of its value. */
  readonly flavorKeys: FlavorKeys;
  /** Image properties that it reads, each with the schema of its value. */
  readonly imageKeys: ImageKeys;
  /** Extra specs that it reads by their form. */
  readonly flavorForms?: readonly KeyForm[];
  /** Image properties that it reads by their form. */
  readonly imageForms?: readonly KeyForm[];
  /** Why what the flavor says makes no sense as a whole; each value was read before. */
  readonly flaw?: (flavor: Properties, image: Properties) => string | undefined;
  /** Why what the flavor and the image say does not go together; undefined when it does. */
  readonly conflict?: (flavor: Values<FlavorKeys>, image: Values<ImageKeys>) => string | undefined;
  /** What the guest gets. Called only with values that do not conflict. */
  readonly contribute: (flavor: Values<FlavorKeys>, image: Values<ImageKeys>) => Contribution;
}

/** Some keys of flavors and images that are acted on together. */
export type Feature = Typed<Schemas, Schemas>;

/** Declares a feature; within it, values have the types that its schemas give them. */
export function defineFeature<FlavorKeys extends Schemas, ImageKeys extends Schemas>(
  feature: Typed<FlavorKeys, ImageKeys>,
): Feature {
  return feature as unknown as Feature;
}

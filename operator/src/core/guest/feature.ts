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
  readonly shutdownTimeoutSeconds?: number;
}

type Schemas = Readonly<Record<string, z.ZodType>>;

/** What was found of a feature's keys, parsed. A key that was not given is absent. */
type Values<Keys extends Schemas> = { readonly [Key in keyof Keys]?: z.output<Keys[Key]> };

interface Typed<FlavorKeys extends Schemas, ImageKeys extends Schemas> {
  /** Extra specs that it reads, each with the schema of its value. */
  readonly flavorKeys: FlavorKeys;
  /** Image properties that it reads, each with the schema of its value. */
  readonly imageKeys: ImageKeys;
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

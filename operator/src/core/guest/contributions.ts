// SPDX-License-Identifier: Apache-2.0
import type { z } from "zod";
import type { Refusal } from "../../api/conditions.ts";
import { didYouMean } from "../lib/near-matches.ts";
import { settle } from "./catalogue/flavor-and-image.ts";
import type { Contribution, Feature, KeyForm, Properties } from "./feature.ts";
import { features } from "./features/index.ts";
import {
  hasNovaNamespace,
  isNovaExtraSpec,
  isNovaImageProperty,
  novaExtraSpecs,
} from "./nova-keys.ts";

/** All that an extra spec or property means for a guest, or why it cannot mean anything. */
export type Contributions = { readonly ok: true; readonly contribution: Contribution } | Refusal;

/**
 * Folds the features over a flavor's extra specs and an image's properties. Refuses a value that does
 * not parse, a key of Nova's that nothing acts on yet, an unknown key in a namespace of Nova's, and what
 * the flavor and the image say when it conflicts. Other keys are accepted and do nothing.
 * Source: nova-semantics 4.2, 4.4. Differs: what would be ignored in silence is refused.
 */
export function contributionsOf(
  flavor: Properties = {},
  image: Properties = {},
  registry: readonly Feature[] = features,
): Contributions {
  const fault =
    flavorKeyFault(flavor, registry) ??
    imageKeyFault(image, registry) ??
    valueFault("FlavorInvalid", "extra spec", flavor, actedOn(flavor, registry, flavorSide)) ??
    valueFault("ImageInvalid", "property", image, actedOn(image, registry, imageSide)) ??
    flawOf(flavor, image, registry);
  if (fault !== undefined) return fault;
  const settled = settle(flavor, image);
  if (!settled.ok) return { ok: false, reason: "ImageInvalid", message: settled.message };
  return fold(flavor, image, registry);
}

function fold(flavor: Properties, image: Properties, registry: readonly Feature[]): Contributions {
  let contribution: Contribution = {};
  for (const feature of registry) {
    const fromFlavor = parse(flavor, feature.flavorKeys);
    const fromImage = parse(image, feature.imageKeys);
    const conflict = feature.conflict?.(fromFlavor, fromImage);
    if (conflict !== undefined) return { ok: false, reason: "ImageInvalid", message: conflict };
    contribution = join(contribution, feature.contribute(fromFlavor, fromImage));
  }
  return { ok: true, contribution };
}

function join(one: Contribution, other: Contribution): Contribution {
  const requiredTraits = [...(one.requiredTraits ?? []), ...(other.requiredTraits ?? [])];
  const both = { ...one, ...other };
  return requiredTraits.length === 0 ? both : { ...both, requiredTraits };
}

function flawOf(
  flavor: Properties,
  image: Properties,
  registry: readonly Feature[],
): Refusal | undefined {
  for (const feature of registry) {
    const message = feature.flaw?.(flavor, image);
    if (message !== undefined) return { ok: false, reason: "FlavorInvalid", message };
  }
  return undefined;
}

function flavorKeyFault(flavor: Properties, registry: readonly Feature[]): Refusal | undefined {
  const acted = actedOn(flavor, registry, flavorSide);
  for (const key of Object.keys(flavor).filter((name) => !Object.hasOwn(acted, name))) {
    if (isNovaExtraSpec(key)) return notYet("FlavorInvalid", "extra spec", key);
    if (hasNovaNamespace(key)) {
      const known = registry.flatMap((feature) => Object.keys(feature.flavorKeys));
      const hint = didYouMean(key, [...known, ...novaExtraSpecs]);
      const message = `extra spec ${key} is not known${hint}`;
      return { ok: false, reason: "FlavorInvalid", message };
    }
  }
  return undefined;
}

function imageKeyFault(image: Properties, registry: readonly Feature[]): Refusal | undefined {
  const acted = actedOn(image, registry, imageSide);
  const key = Object.keys(image).find(
    (name) => !Object.hasOwn(acted, name) && isNovaImageProperty(name),
  );
  return key === undefined ? undefined : notYet("ImageInvalid", "property", key);
}

function notYet(reason: Refusal["reason"], noun: string, key: string): Refusal {
  const message = `${noun} ${key} is known but not acted on yet: leave it out`;
  return { ok: false, reason, message };
}

function valueFault(
  reason: Refusal["reason"],
  noun: string,
  properties: Properties,
  schemas: Readonly<Record<string, z.ZodType>>,
): Refusal | undefined {
  for (const [key, schema] of Object.entries(schemas)) {
    const value = properties[key];
    if (value === undefined) continue;
    const result = schema.safeParse(value);
    if (!result.success) {
      const problem = result.error.issues[0]?.message ?? "is not valid";
      return { ok: false, reason, message: `${noun} ${key}: ${value}: ${problem}` };
    }
  }
  return undefined;
}

function parse(
  properties: Properties,
  schemas: Readonly<Record<string, z.ZodType>>,
): Readonly<Record<string, unknown>> {
  const found = Object.entries(schemas).filter(([key]) => properties[key] !== undefined);
  return Object.fromEntries(found.map(([key, schema]) => [key, schema.parse(properties[key])]));
}

/** The keys and forms of a feature on one side. */
type Side = (feature: Feature) => {
  readonly keys: Readonly<Record<string, z.ZodType>>;
  readonly forms: readonly KeyForm[] | undefined;
};

const flavorSide: Side = ({ flavorKeys: keys, flavorForms: forms }) => ({ keys, forms });
const imageSide: Side = ({ imageKeys: keys, imageForms: forms }) => ({ keys, forms });

/** Those of the keys that a feature acts on, with their schemas. */
function actedOn(
  properties: Properties,
  registry: readonly Feature[],
  side: Side,
): Record<string, z.ZodType> {
  const all = registry.map(side);
  const keys = Object.assign({}, ...all.map((one) => one.keys)) as Record<string, z.ZodType>;
  const forms = all.flatMap((one) => one.forms ?? []);
  const entries = Object.keys(properties).flatMap((key) => {
    const schema = Object.hasOwn(keys, key)
      ? keys[key]
      : forms.find(([form]) => form.test(key))?.[1];
    return schema === undefined ? [] : [[key, schema] as const];
  });
  return Object.fromEntries(entries);
}

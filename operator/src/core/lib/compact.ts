// SPDX-License-Identifier: Apache-2.0
type OptionalKeys<T> = { [K in keyof T]: undefined extends T[K] ? K : never }[keyof T];

/** T with every member that may be undefined made one that may be absent. */
export type Compact<T> = Omit<T, OptionalKeys<T>> & {
  [K in OptionalKeys<T>]?: Exclude<T[K], undefined>;
};

/** The object without its undefined members: to the API server, undefined and absent are the same. */
export function compact<T extends object>(object: T): Compact<T> {
  const members = Object.entries(object).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members) as Compact<T>;
}

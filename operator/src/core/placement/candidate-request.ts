// SPDX-License-Identifier: Apache-2.0
import type { Resources } from "../../api/v1alpha1/guest-model.ts";

/** What is asked for together. Source: nova-semantics 5.1. */
export interface RequestGroup {
  /** "" for the unsuffixed group, which may be spread over a tree and what shares with it. */
  readonly suffix: string;
  /** Everything from one provider: true for every suffixed group. */
  readonly usesSameProvider: boolean;
  readonly resources: Readonly<Resources>;
  /** All of these, each by any trait of the list. */
  readonly required: readonly (readonly string[])[];
  readonly forbidden: readonly string[];
  /** All of these, each by any aggregate of the list. */
  readonly memberOf: readonly (readonly string[])[];
  readonly forbiddenAggregates: readonly string[];
  /** Only providers of the tree that this one is in. */
  readonly inTree?: string;
}

/** What a search for allocation candidates is asked. */
export interface CandidateRequest {
  readonly groups: readonly RequestGroup[];
  /** isolate: suffixed groups take different providers. */
  readonly groupPolicy: "none" | "isolate";
  /** In each list: one of the groups' providers is an ancestor of all the others'. */
  readonly sameSubtree: readonly (readonly string[])[];
  readonly rootRequired: readonly string[];
  readonly rootForbidden: readonly string[];
}

// SPDX-License-Identifier: Apache-2.0
/** What became of one recorded case. `why` names the difference, or the rule that skips the case. */
export type Verdict =
  | { readonly outcome: "passed"; readonly name: string }
  | { readonly outcome: "failed" | "skipped"; readonly name: string; readonly why: string };

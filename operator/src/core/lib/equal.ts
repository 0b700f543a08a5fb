// SPDX-License-Identifier: Apache-2.0
/** Equality belongs to the API, whose immutable fields are judged by it; core asks for it by this name. */
export { isEqual } from "../../api/equal.ts";

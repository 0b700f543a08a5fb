// SPDX-License-Identifier: Apache-2.0
import type { Server } from "../../../api/kinds.ts";
import { defineInvariant } from "./invariant.ts";

export const specsUntouched = defineInvariant({
  name: "specs-untouched",
  says: "a Server's spec is what people wrote, whoever wrote the rest of it",
  watch({ api, people }) {
    let fault: string | undefined;
    api.onWrite(({ actor, kind, key, object }) => {
      if (kind !== "Server" || object === undefined) return;
      const { metadata, spec } = object as Server;
      const written = people.specs.get(metadata.uid ?? "");
      if (written === undefined || written === JSON.stringify(spec)) return;
      fault ??= `${actor} wrote the spec of ${key}: ${JSON.stringify(spec)} instead of ${written}`;
    });
    return { afterStep: () => fault };
  },
});

// SPDX-License-Identifier: Apache-2.0
import { label } from "../api/names.ts";
import { compact } from "../core/lib/compact.ts";
import type { NodeView } from "../core/scheduler/host-state.ts";
import type { Node } from "../ports/kube.ts";

/** What the scheduler looks at of a Node. */
export function nodeView({ metadata, spec, status }: Node): NodeView {
  const { labels = {} } = metadata;
  const address = status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
  return compact({ state: stateOf(labels, spec), labels, address });
}

function stateOf(labels: NodeView["labels"], spec: Node["spec"]): NodeView["state"] {
  if (labels[label.hypervisor] !== "true") return "Unlabelled";
  return spec?.unschedulable === true ? "Cordoned" : "Offered";
}

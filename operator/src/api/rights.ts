// SPDX-License-Identifier: Apache-2.0
/**
 * Who may do what in the API server: the least that each process needs, and what the product's roles
 * for people hold. The chart's RBAC and the reference page are generated from it. What RBAC cannot
 * say (which fields, which node's objects) is in the chart's admission policies.
 */
import { group } from "./define-kind.ts";

export type Verb =
  | "get"
  | "list"
  | "watch"
  | "create"
  | "update"
  | "patch"
  | "delete"
  | "deletecollection";

/** Verbs on resources of one API group; subresources as `guests/status`. */
export interface Right {
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly Verb[];
  /** Why, as the end of a sentence: "… to" or "… for". */
  readonly purpose: string;
}

/** The namespaces of the installation, by what they are for; the chart knows their names. */
export type Place = "release" | "heartbeats";

/** What a process may do everywhere, and what only in one namespace of the installation. */
export interface ProcessRights {
  readonly everywhere: readonly Right[];
  readonly within: Readonly<Partial<Record<Place, readonly Right[]>>>;
}

const read = ["get", "list", "watch"] as const;
const change = ["create", "update", "patch", "delete", "deletecollection"] as const;
const leases = { group: "coordination.k8s.io", resources: ["leases"] } as const;

const operator: ProcessRights = {
  everywhere: [
    {
      group,
      resources: ["servers", "servergroups", "flavors", "images", "hostaggregates"],
      verbs: read,
      purpose: "know what users ask for",
    },
    {
      group,
      resources: ["servers"],
      verbs: ["patch"],
      purpose: "hold and release its finalizer; never to change a spec",
    },
    { group, resources: ["servers/status"], verbs: ["update"], purpose: "say what is so" },
    {
      group,
      resources: ["servergroups/status", "flavors/status", "hostaggregates/status"],
      verbs: ["patch"],
      purpose: "say who is in them, and how many hosts could take a server",
    },
    {
      group,
      resources: ["guests"],
      verbs: [...read, "create", "patch", "delete"],
      purpose: "say what each node shall run",
    },
    {
      group,
      resources: ["hypervisors"],
      verbs: [...read, "create", "delete"],
      purpose: "keep one for each node that runs servers",
    },
    { group, resources: ["hypervisors/status"], verbs: ["patch"], purpose: "say state and usage" },
    {
      group: "",
      resources: ["pods"],
      verbs: [...read, "create", "patch", "delete"],
      purpose: "run the server pods, and have them carry their Servers' labels",
    },
    {
      group: "",
      resources: ["namespaces"],
      verbs: read,
      purpose: "end guests at once when their namespace is deleted",
    },
    {
      group: "k8s.cni.cncf.io",
      resources: ["network-attachment-definitions"],
      verbs: read,
      purpose: "know the networks of Multus",
    },
    {
      group: "k8s.cni.cncf.io",
      resources: ["ipamclaims"],
      verbs: ["create"],
      purpose: "have a server keep its address on a network of Multus",
    },
    {
      group: "",
      resources: ["nodes"],
      verbs: [...read, "patch"],
      purpose: "find hypervisors and mark those in use",
    },
    {
      group: "policy",
      resources: ["poddisruptionbudgets"],
      verbs: [...read, "create", "patch", "delete"],
      purpose: "keep drains from ending guests whose disk is on the node",
    },
    {
      group: "events.k8s.io",
      resources: ["events"],
      verbs: ["create", "patch"],
      purpose: "tell users what happened",
    },
  ],
  within: {
    release: [{ ...leases, verbs: ["get", "create", "update"], purpose: "elect the leader" }],
    heartbeats: [{ ...leases, verbs: read, purpose: "see whether the agents are alive" }],
  },
};

const agent: ProcessRights = {
  everywhere: [
    { group, resources: ["guests"], verbs: read, purpose: "know what its node shall run" },
    {
      group,
      resources: ["guests"],
      verbs: ["patch"],
      purpose: "release the finalizer once the node has undone the guest",
    },
    {
      group,
      resources: ["guests/status"],
      verbs: ["update"],
      purpose: "say what is so on its node",
    },
    { group, resources: ["hypervisors"], verbs: read, purpose: "know what its node is asked for" },
    { group, resources: ["hypervisors/status"], verbs: ["patch"], purpose: "report its node" },
    {
      group: "",
      resources: ["pods", "nodes"],
      verbs: read,
      purpose: "know what its node has left for servers",
    },
    {
      group: "networking.k8s.io",
      resources: ["servicecidrs"],
      verbs: ["list"],
      purpose: "refuse images from addresses of Services",
    },
  ],
  within: {
    heartbeats: [
      { ...leases, verbs: ["get", "create", "update"], purpose: "renew its own heartbeat" },
    ],
  },
};

/** The product's own processes, by the names of their service accounts without `kilonova-`. */
export const processRights = { operator, agent } as const;

/** A role for people. */
export interface Role {
  readonly description: string;
  /** The built-in role that gets these rights too. */
  readonly aggregateTo?: "view" | "edit" | "admin";
  readonly rights: readonly Right[];
}

const reader: readonly Right[] = [
  {
    group,
    resources: ["servers", "servergroups", "images", "flavors"],
    verbs: read,
    purpose: "see servers and what they are made of",
  },
];
const member: readonly Right[] = [
  ...reader,
  {
    group,
    resources: ["servers", "servergroups", "images"],
    verbs: change,
    purpose: "run servers",
  },
];
const manager: readonly Right[] = [
  ...member,
  {
    group,
    resources: ["guests", "hypervisors", "hostaggregates"],
    verbs: read,
    purpose: "see where and how servers run",
  },
];
const admin: readonly Right[] = [
  ...manager,
  {
    group,
    resources: ["flavors", "hypervisors", "hostaggregates"],
    verbs: change,
    purpose: "offer sizes and manage hosts",
  },
  {
    group,
    resources: ["servers/abandon"],
    verbs: ["create"],
    purpose: "give up what an unreachable host still holds; counts when bound cluster-wide",
  },
];

/** Nova's personas as ClusterRoles; each holds what the one before it holds. */
export const roles: Readonly<Record<string, Role>> = {
  reader: {
    description: "Sees servers, images and flavors.",
    aggregateTo: "view",
    rights: reader,
  },
  member: {
    description: "Makes, changes and deletes servers and images.",
    aggregateTo: "edit",
    rights: member,
  },
  manager: {
    description: "Sees also where and how the servers run.",
    aggregateTo: "admin",
    rights: manager,
  },
  admin: {
    description: "Manages the cloud: flavors, hypervisors, and what a lost host still holds.",
    rights: admin,
  },
};

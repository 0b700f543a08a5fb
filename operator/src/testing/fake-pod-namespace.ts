// SPDX-License-Identifier: Apache-2.0
import type { NetworkSetup } from "../core/guest/network/card.ts";
import { type Link, podInterface } from "../core/guest/network/links.ts";

type Change = (link: Link, value: string) => Partial<Link>;

/** What `ip` does to an interface at each word that the product uses with a value. */
const changes: Readonly<Record<string, Change>> = {
  mtu: (_, value) => ({ mtu: Number(value) }),
  alias: (_, alias) => ({ alias }),
  address: (_, mac) => ({ mac }),
};

/** The network namespace of one pod: its interfaces, and what was set up last. */
export class FakePodNamespace {
  readonly links: Link[];
  /** What was set up last, and how often. */
  setup: NetworkSetup | undefined;
  setUps = 0;
  /** Those that the kernel follows now. */
  rules = "";

  constructor(links: readonly Link[]) {
    this.links = [...links];
  }

  /** Does what `ip -batch` and `nft` would; throws where they would. */
  setUp(setup: NetworkSetup): void {
    for (const line of setup.links) this.#perform(line.split(" "));
    this.setup = setup;
    this.setUps += 1;
    this.rules = setup.rules;
  }

  /** Somebody empties the rule set: the interfaces stay. */
  loseRules(): void {
    this.rules = "";
  }

  /** The cluster's network plugin changes what it gave. */
  setUplinkMtu(mtu: number): void {
    this.#change(podInterface, { mtu });
  }

  #perform(words: readonly string[]): void {
    const [object, verb] = words;
    const name = words[words.indexOf("dev") + 1] ?? "";
    switch (`${object} ${verb}`) {
      case "tuntap add":
        return this.#add(name);
      case "link add":
        return this.#add(words[words.indexOf("name") + 1] ?? "");
      case "address flush":
        return this.#change(name, { addresses: [] });
      case "address replace": {
        const [, , added = ""] = words;
        const { addresses } = this.#link(name);
        return this.#change(name, { addresses: [...new Set([...addresses, added])] });
      }
      case "link set":
        for (const [word, change] of Object.entries(changes)) {
          const place = words.indexOf(word);
          if (place < 0) continue;
          this.#change(name, change(this.#link(name), words[place + 1] ?? ""));
        }
        return;
      default:
        throw new Error(`ip: what is "${words.join(" ")}"?`);
    }
  }

  #add(name: string): void {
    if (this.links.some((link) => link.name === name)) throw new Error(`${name} exists`);
    this.links.push({ name, mtu: 1500, mac: "", addresses: [], alias: "" });
  }

  #link(name: string): Link {
    const found = this.links.find((link) => link.name === name);
    if (found === undefined) throw new Error(`Cannot find device "${name}"`);
    return found;
  }

  #change(name: string, change: Partial<Link>): void {
    const changed = { ...this.#link(name), ...change };
    this.links.splice(this.links.indexOf(this.#link(name)), 1, changed);
  }
}

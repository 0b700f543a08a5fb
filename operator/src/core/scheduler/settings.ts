// SPDX-License-Identifier: Apache-2.0
/** How the administrator wants hosts to be chosen. What is absent does not limit. Source: nova-semantics 5.3. */
export interface SchedulerSettings {
  /** Of the so many best hosts, servers are spread over all; 1 when absent. */
  readonly hostSubsetSize?: number | undefined;
  /** Multipliers of weighers, by name, where they differ from the weigher's own. */
  readonly multipliers?: Readonly<Record<string, number | undefined>> | undefined;
  /** Servers on one host, where no aggregate of the host says less or more. */
  readonly serversPerHostMax?: number | undefined;
  /** Servers that one host builds or moves at a time, where no aggregate of the host says otherwise. */
  readonly ioOperationsPerHostMax?: number | undefined;
  /** Whether extra specs without a namespace are matched with aggregates and capabilities as well. */
  readonly matchesUnscopedExtraSpecs?: boolean | undefined;
  /** The architecture of images that name none. */
  readonly defaultArchitecture?: string | undefined;
  readonly isolation?: IsolationSettings | undefined;
  /** Which metadata of aggregates limits image properties: keys that begin with it. */
  readonly imagePropertyPrefix?: string | undefined;
  /** What equal image properties are worth, by property; all of them 1 when absent. */
  readonly imagePropertyRatios?: Readonly<Record<string, number>> | undefined;
  readonly metrics?: MetricSettings | undefined;
}

/** Hosts that are kept for images. */
export interface IsolationSettings {
  readonly hosts: readonly string[];
  /** Ids of images. */
  readonly images: readonly string[];
  /** Whether the hosts take no other images. */
  readonly isStrict: boolean;
}

export interface MetricSettings {
  /** What a metric is multiplied by, by name. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Whether a host without one of the metrics is left out. */
  readonly isRequired: boolean;
}

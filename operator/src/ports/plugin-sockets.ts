// SPDX-License-Identifier: Apache-2.0

/** What the kubelet says of a volume that shall appear in a pod. All of it comes from the pod. */
export interface PublishRequest {
  /** Where the volume shall be mounted; its parent directory exists. */
  readonly targetPath: string;
  /** The pod's volumeAttributes, and who the pod is, by the keys of the CSI driver protocol. */
  readonly volumeContext: Readonly<Record<string, string>>;
}

/**
 * Serves the volumes of this node. A PortError goes to the kubelet as its reason and message: Refused
 * and NotFound say that nothing was done, every other that the kubelet has to unpublish sooner or
 * later.
 */
export interface VolumeNode {
  /** Safe to call again. */
  publish(request: PublishRequest): Promise<void>;
  /** Safe to call again, also for what was never published. */
  unpublish(request: { readonly targetPath: string }): Promise<void>;
}

/** A CSI driver that knows inline volumes only. */
export interface VolumeDriver {
  readonly name: string;
  readonly version: string;
  readonly nodeName: string;
  readonly node: VolumeNode;
  /** Called when the kubelet took the driver, or did not and says why. */
  onRegistration(fault: string | undefined): void;
}

/** A device file that a container gets. */
export interface DeviceFile {
  readonly containerPath: string;
  readonly hostPath: string;
}

/** One extended resource of the node, every unit of which is the same device file. */
export interface DeviceResource {
  /** For example `kilonova.io/kvm`. */
  readonly name: string;
  /** How many containers may have it at a time. */
  readonly count: number;
  readonly device: DeviceFile;
}

/** A plugin that listens for the kubelet. */
export interface PluginServer {
  /** False when somebody removed the socket: the kubelet cannot come back by it. */
  isReachable(): Promise<boolean>;
  /**
   * Ends at once, calls under way included, and takes the socket's name away: a server that shall
   * follow by the same name starts afterwards.
   */
  close(): Promise<void>;
}

/** A device plugin that listens. */
export interface DeviceServer extends PluginServer {
  /** Tells the kubelet whether the device is there. */
  setHealthy(isHealthy: boolean): void;
}

/** The sockets between the kubelet and its plugins. Throws PortError, Unavailable without a kubelet. */
export interface PluginSockets {
  /** Serves a CSI driver, and announces it to the kubelet where that looks for plugins by itself. */
  serveVolumes(driver: VolumeDriver): Promise<PluginServer>;
  /** Serves a device plugin; the kubelet does not know of it yet. */
  serveDevices(resource: DeviceResource): Promise<DeviceServer>;
  /** Tells the kubelet of a device plugin that listens. Needed once for each life of the kubelet. */
  registerDevices(resource: DeviceResource): Promise<void>;
  /** Another one after each start of the kubelet; undefined while it does not listen. */
  kubeletLife(): Promise<string | undefined>;
}

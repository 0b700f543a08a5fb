// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { podOfTarget, readPodClaim } from "./publish.ts";

const uid = "11111111-0000-4000-8000-000000000001";
const volume = `/var/lib/kubelet/pods/${uid}/volumes/kubernetes.io~csi/guest`;
const context = {
  guest: "web-5e12e-1",
  "csi.storage.k8s.io/pod.uid": uid,
  "csi.storage.k8s.io/pod.name": "web-5e12e-1",
  "csi.storage.k8s.io/pod.namespace": "team",
  "csi.storage.k8s.io/ephemeral": "true",
};

describe("the path of a pod's volume", () => {
  test("names its pod, wherever the kubelet keeps its files", () => {
    expect(podOfTarget(`${volume}/mount`)).toBe(uid);
    expect(podOfTarget(`/data/k0s/kubelet/pods/${uid}/volumes/kubernetes.io~csi/a/mount`)).toBe(
      uid,
    );
  });

  test.each([
    "",
    "/",
    "relative/pods/a/volumes/kubernetes.io~csi/a/mount",
    volume,
    `${volume}/mount/`,
    `${volume}/mount/vm`,
    `${volume}/../guest/mount`,
    `/x/../..${volume}/mount`,
    `/var/lib/kubelet/pods/${uid}/volumes/kubernetes.io~csi/../mount`,
    `/var/lib/kubelet/pods/../volumes/kubernetes.io~csi/a/mount`,
    `/var/lib/kubelet/pods/${uid}/volumes/kubernetes.io~empty-dir/a/mount`,
    `/pods/${uid}/volumes/kubernetes.io~csi/guest/mount\n`,
  ])("is none of %j", (path) => {
    expect(podOfTarget(path)).toBeUndefined();
  });

  test("never leads out of the pod's volumes", () => {
    const name = fc.constantFrom(
      "..",
      ".",
      "pods",
      uid,
      "volumes",
      "kubernetes.io~csi",
      "mount",
      "",
    );
    fc.assert(
      fc.property(fc.array(name, { maxLength: 9 }), (names) => {
        const path = `/${names.join("/")}`;
        if (podOfTarget(path) === undefined) return;
        expect(path).toMatch(new RegExp(`/pods/${uid}/volumes/kubernetes.io~csi/[^/]+/mount$`));
        expect(names).not.toContain("..");
      }),
      { numRuns: 2000 },
    );
  });
});

describe("what the kubelet asks for a pod", () => {
  test("is the Guest of the pod's own name", () => {
    expect(readPodClaim(`${volume}/mount`, context)).toEqual({
      ok: true,
      value: { podUid: uid, namespace: "team", name: "web-5e12e-1", targetPath: `${volume}/mount` },
    });
  });

  test.each([
    ["another Guest's directory", { guest: "other" }],
    ["no Guest's", { guest: "" }],
    ["a PersistentVolume", { "csi.storage.k8s.io/ephemeral": "false" }],
    ["another pod's volume", { "csi.storage.k8s.io/pod.uid": uid.replace("1", "2") }],
    ["a pod without a uid", { "csi.storage.k8s.io/pod.uid": "" }],
    ["a pod without a namespace", { "csi.storage.k8s.io/pod.namespace": "" }],
  ])("is refused when it is %s", (_, change) => {
    const claim = readPodClaim(`${volume}/mount`, { ...context, ...change });
    expect(claim).toMatchObject({ ok: false, reason: "PodRefused" });
  });
});

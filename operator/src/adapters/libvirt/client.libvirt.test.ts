// SPDX-License-Identifier: Apache-2.0
import { describeLibvirtConformance } from "../../testing/libvirt.conformance.ts";
import { makeLibvirtHost } from "../../testing/libvirt-host.ts";

describeLibvirtConformance("real", makeLibvirtHost);

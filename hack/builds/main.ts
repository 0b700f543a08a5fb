// SPDX-License-Identifier: Apache-2.0
/** Builds everything that the cluster and the tests need and the cache lacks; says what took how long. */
import { nodePrograms } from "../cluster/programs.ts";
import { buildGuestImage } from "../image/guest.ts";
import { buildProductImage } from "../image/product.ts";
import { step, stepTable } from "../steps.ts";
import buildControlPlane from "./control-plane.ts";
import buildGuest from "./guest.ts";

await step("the control plane", buildControlPlane);
await step("the nodes", nodePrograms);
await step("the test guest", buildGuest);
await step("the guest image", buildGuestImage);
await step("the product image", buildProductImage);
process.stdout.write(`${stepTable()}\n`);

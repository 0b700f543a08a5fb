// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from "vitest";
import { csiDriver } from "../../api/names.ts";
import { Metrics } from "../../platform/metrics.ts";
import { FakeClock } from "../../testing/fake-clock.ts";
import { FakeLogger } from "../../testing/fake-logger.ts";
import { FakePluginSockets } from "../../testing/fake-plugin-sockets.ts";
import { SeededRandom } from "../../testing/seeded-random.ts";
import { VolumePlugin } from "./volume-plugin.ts";

describe("the CSI driver", () => {
  test("is served as long as the agent runs, also when somebody removes its sockets", async () => {
    const clock = new FakeClock();
    const sockets = new FakePluginSockets();
    const stop = new AbortController();
    const nothing = async () => undefined;
    const plugin = new VolumePlugin({
      sockets,
      driver: {
        name: csiDriver,
        version: "0.1.0",
        nodeName: "node-1",
        node: { publish: nothing, unpublish: nothing },
      },
      clock,
      random: new SeededRandom(1),
      log: new FakeLogger(),
      metrics: new Metrics(),
    });
    expect(plugin.isServing).toBe(false);
    const running = plugin.run(stop.signal);
    await clock.advance(100);
    expect(plugin.isServing).toBe(true);
    expect(sockets.reachable).toHaveProperty([csiDriver]);
    sockets.removeSockets();
    await clock.advance(6000);
    expect(sockets.reachable).toHaveProperty([csiDriver]);
    stop.abort();
    await running;
    expect(sockets.reachable).toEqual({});
  });
});

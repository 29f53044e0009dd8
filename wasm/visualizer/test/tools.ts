import { newCluster } from "../src/engine/acts.js";
import type { Dials } from "../src/engine/dials.js";
import { Run } from "../src/engine/run.js";
import type { Timeline } from "../src/engine/timeline.js";
import type { Frame } from "../src/model/space-time.js";

/** A cluster that has run for so long. */
export function started(size: number, time = 0, dials: Partial<Dials> = {}): Run {
  const run = new Run();
  run.act(newCluster(size, dials));
  run.runTo(time);
  return run;
}

/** All that can be seen of a moment. */
export function picture({ moment }: Run): unknown {
  const { world, outline, flights, timers, work, requests, notes, done, now, lines } = moment;
  return structuredClone({
    servers: world.servers.map((server) => ({
      ...server,
      node: String(server.node?.log),
      disk: String(server.disk.log),
    })),
    outline,
    flights: [...flights.values()].map(({ payload: _, ...flight }) => flight),
    timers,
    work,
    requests,
    notes,
    done,
    now,
    lines,
  });
}

/** Who leads, by its own belief. */
export function leaders({ moment }: Run): number[] {
  return [...moment.outline].filter(([, node]) => node?.role === "leader").map(([id]) => id);
}

/** All of a run in one picture, or a part of it. */
export function framed(run: Timeline, part: Partial<Frame> = {}): Frame {
  const nodes = run.servers.map(({ id }) => Number(id));
  const { now } = run.moment;
  return {
    from: 0,
    usPerPixel: 1_000,
    width: 800,
    height: 600,
    now,
    nodes,
    hidden: new Set(),
    left: new Set(),
    ...part,
  };
}

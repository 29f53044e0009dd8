import type { ServerState } from "raftbare/simulator";
import type { Moment } from "../engine/moment.js";
import type { Run } from "../engine/run.js";

/** A moment as the components read it: what costs is only made anew when a line was played. */
export interface Look {
  readonly moment: Moment;
  readonly now: number;
  readonly lines: number;
  readonly end: number;
  readonly isAtEnd: boolean;
  readonly isOver: boolean;
  readonly servers: readonly ServerState[];
  readonly ids: readonly number[];
}

let cached: { readonly moment: Moment; readonly lines: number; readonly servers: readonly ServerState[] } | undefined;

export function look(run: Run): Look {
  const { moment } = run;
  const isSame = cached?.moment === moment && cached.lines === moment.lines;
  if (!isSame) cached = { moment, lines: moment.lines, servers: moment.world.servers };
  const { servers } = cached!;
  return {
    moment,
    now: moment.now,
    lines: moment.lines,
    end: Math.max(run.history.end, moment.now),
    isAtEnd: run.isAtEnd,
    isOver: run.isOver,
    servers,
    ids: servers.map(({ id }) => Number(id)),
  };
}

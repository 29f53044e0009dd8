import type { ServerState } from "raftbare/simulator";
import type { Shown, Timeline } from "../engine/timeline.js";
import type { Trace } from "../engine/trace.js";

/** A moment as the components read it: what costs is only made anew when a line was played. */
export interface Look {
  readonly moment: Shown;
  readonly now: number;
  readonly lines: number;
  readonly end: number;
  readonly isAtEnd: boolean;
  readonly isOver: boolean;
  readonly servers: readonly ServerState[];
  readonly ids: readonly number[];
  readonly trace: Trace;
}

let cached:
  { readonly timeline: Timeline; readonly lines: number; readonly servers: readonly ServerState[] } | undefined;

export function look(timeline: Timeline): Look {
  const { moment } = timeline;
  const isSame = cached?.timeline === timeline && cached.lines === moment.lines;
  if (!isSame) cached = { timeline, lines: moment.lines, servers: timeline.servers };
  const { servers } = cached!;
  return {
    moment,
    now: moment.now,
    lines: moment.lines,
    end: Math.max(timeline.end, moment.now),
    isAtEnd: timeline.isAtEnd,
    isOver: timeline.isOver,
    servers,
    ids: servers.map(({ id }) => Number(id)),
    trace: timeline.trace,
  };
}

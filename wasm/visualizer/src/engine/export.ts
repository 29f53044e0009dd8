import { apply } from "./apply.js";
import { isComment, parseDirective } from "./directive.js";
import type { History } from "./history.js";
import { startMoment } from "./moment.js";
import { formatEvent, withStates } from "./recording.js";
import type { Trace } from "./trace.js";

/** How many lines are played for a piece of the text. */
const PIECE = 1_000;

/**
 * The first lines of a run as a recording, piece by piece: they are played again, as only then it is known how each
 * node was after each event.
 */
export function* recordingOf(history: History, lines = history.length): Generator<string> {
  const moment = startMoment();
  const told = new Map<number, string>();
  let piece = "";
  try {
    for (let index = 0; index < lines; index += 1) {
      const line = history.line(index);
      const recorded = apply(moment, line, history.at(index));
      if (!isComment(line) && parseDirective(line) === undefined) {
        const changed = changes(moment.world.step("show").events, told);
        for (const { state: now, ...event } of withStates(recorded, changed)) {
          piece += `${formatEvent({ ...event, at: moment.now, now })}\n`;
        }
      }
      if ((index + 1) % PIECE === 0) {
        yield piece;
        piece = "";
      }
    }
    yield piece;
  } finally {
    moment.world.free();
  }
}

/** Which nodes are others than was told of them last. */
function changes(states: readonly string[], told: Map<number, string>): Map<number, string> {
  const changed = new Map<number, string>();
  for (const text of states) {
    const id = Number(text.split(" ", 1)[0]);
    if (text === `${id} down`) {
      told.delete(id);
    } else if (told.get(id) !== text) {
      told.set(id, text);
      changed.set(id, text);
    }
  }
  return changed;
}

/** How ShiViz reads what follows: the first line of its file; the second would part several runs. */
export const SHIVIZ = String.raw`(?<event>.*)\n(?<host>\S*) (?<clock>{.*})`;

/** What the nodes did in the first lines, with a vector clock for each event: a file for ShiViz. */
export function shivizLog(trace: Trace, lines: number, tell: (trace: Trace, row: number) => string): string {
  const log = [SHIVIZ, ""];
  const clocks = new Map<number, Map<number, number>>();
  const sent = new Map<number, ReadonlyMap<number, number>>();
  const end = trace.countOfLines(lines);
  for (let row = 0; row < end; row += 1) {
    const kind = trace.kind(row);
    if (kind === "state") continue;
    const node = trace.node(row);
    const clock = new Map(clocks.get(node));
    const send = kind === "receive" ? trace.pair(row) : undefined;
    for (const [other, count] of (send === undefined ? undefined : sent.get(send)) ?? []) {
      clock.set(other, Math.max(count, clock.get(other) ?? 0));
    }
    clock.set(node, (clocks.get(node)?.get(node) ?? 0) + 1);
    clocks.set(node, clock);
    if (kind === "send") sent.set(row, clock);
    const times = [...clock].map(([host, count]) => `"node${host}":${count}`);
    log.push(`${kind}: ${tell(trace, row)}`, `node${node} {${times.join(",")}}`);
  }
  return `${log.join("\n")}\n`;
}

import type { Recorded } from "raftbare/simulator";
import type { Moment } from "./moment.js";
import { withStates } from "./recording.js";
import type { Small, Trace } from "./trace.js";

/** Adds to a trace what the line that was played last has led to. */
export function watch(trace: Trace, recorded: readonly Recorded[], before: Moment["outline"], moment: Moment): void {
  const changed = new Map<number, Small>();
  for (const [id, node] of moment.outline) {
    const was = before.get(id);
    if (node === undefined) continue;
    const isSame =
      was?.role === node.role && was.currentTerm === node.currentTerm && was.commitIndex === node.commitIndex;
    const { role, currentTerm, commitIndex } = node;
    if (!isSame) changed.set(id, { role, term: Number(currentTerm), commit: Number(commitIndex) });
  }
  for (const event of withStates(recorded, changed)) trace.add({ ...event, at: moment.now }, moment.lines - 1);
}

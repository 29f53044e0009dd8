import type { Moment } from "./moment.js";
import { diskTime, workTime } from "./schedule.js";

/**
 * The disk of a node with asynchronous storage: it makes one write after the other, and reports each. The others have
 * no such thing, as their actions wait for the disk.
 */
export interface Disk {
  /** When the write that is under way is made: never while the disk is stuck; `undefined` if none is. */
  readonly doneAt: number | undefined;
  /** Whether something was written that is not reported yet. */
  readonly hasNews: boolean;
}

/** The ids in a line such as `write 1,2 3`. */
function idsOf(line: string, all: Iterable<number>): number[] {
  const ids = line.split(" ")[1] ?? "";
  return ids === "*" ? [...all] : ids.split(",").map(Number);
}

/** What the disks do after a line. */
export function followDisks(moment: Moment, line: string): void {
  const [verb] = line.split(" ", 1);
  const meant = verb === "write" || verb === "report" ? idsOf(line, moment.outline.keys()) : [];
  for (const [id, node] of moment.outline) {
    if (node?.isAsynchronous !== true) {
      moment.disks.delete(id);
      continue;
    }
    const { doneAt, hasNews } = moment.disks.get(id) ?? { doneAt: undefined, hasNews: false };
    const isMeant = meant.includes(id);
    const isAtWork = doneAt !== undefined && !(verb === "write" && isMeant);
    moment.disks.set(id, {
      doneAt: node.waitingWrites === 0 ? undefined : isAtWork ? doneAt : moment.now + diskTime(moment, id),
      hasNews: isMeant ? verb === "write" : hasNews,
    });
  }
}

/** `#: stick 2`: its disk makes no write from now on; `#: unstick 2`: it begins the one that waits anew. */
export function stick(moment: Moment, id: number, isStuck: boolean): void {
  if (!moment.outline.has(id)) throw new SyntaxError(`there is no node ${id}, whose disk could get stuck`);
  const others = [...moment.stuck].filter((other) => other !== id);
  moment.stuck = new Set(isStuck ? [...others, id] : others);
  const disk = moment.disks.get(id);
  if (disk?.doneAt !== undefined) moment.disks.set(id, { ...disk, doneAt: moment.now + diskTime(moment, id) });
  const next = moment.outline.get(id)?.next;
  if (next !== undefined && moment.work.has(id)) moment.work.set(id, moment.now + workTime(moment, id, next));
}

export function stickLine(id: number, isStuck: boolean): string {
  return `#: ${isStuck ? "stick" : "unstick"} ${id}`;
}

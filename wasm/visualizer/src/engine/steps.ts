import type { Timeline } from "./timeline.js";

/** Whether a line is an input of a node, or an act: what is not is the work that follows from one. */
export function isEvent(line: string): boolean {
  return !/^(take |report |#)/.test(line);
}

/** Plays up to the next event, and the actions that are due at once. Returns whether anything happened. */
export function stepEvent(run: Timeline): boolean {
  let has = false;
  while (run.step()) {
    has = true;
    if (run.isEvent(run.moment.lines - 1)) break;
  }
  while (has && run.nextAt === run.moment.now && isActionNext(run)) run.step();
  return has;
}

function isActionNext(run: Timeline): boolean {
  const { lines, work, disks, now } = run.moment;
  if (!run.isAtEnd) return !run.isEvent(lines);
  return [...work.values()].some((at) => at <= now) || [...disks.values()].some(({ hasNews }) => hasNews);
}

/** Plays one line: an event without what follows from it, or one action. */
export function stepAction(run: Timeline): boolean {
  return run.step();
}

/** To before the event that was played last. */
export function backEvent(run: Timeline): boolean {
  let { lines } = run.moment;
  if (lines === 0) return false;
  do lines -= 1;
  while (lines > 0 && !run.isEvent(lines));
  run.seek(lines);
  return true;
}

/** To before the line that was played last. */
export function backAction(run: Timeline): boolean {
  if (run.moment.lines === 0) return false;
  run.seek(run.moment.lines - 1);
  return true;
}

import type { Run } from "./run.js";

/** Whether a line is an input of a node, or an act: what is not is the work that follows from one. */
export function isEvent(line: string): boolean {
  return !line.startsWith("take ") && !line.startsWith("#");
}

/** Plays up to the next event, and the actions that are due at once. Returns whether anything happened. */
export function stepEvent(run: Run): boolean {
  let has = false;
  while (run.step()) {
    has = true;
    if (isEvent(run.history.line(run.moment.lines - 1))) break;
  }
  while (has && run.nextAt === run.moment.now && isActionNext(run)) run.step();
  return has;
}

function isActionNext(run: Run): boolean {
  const { lines, work, now } = run.moment;
  return run.isAtEnd ? [...work.values()].some((at) => at <= now) : !isEvent(run.history.line(lines));
}

/** Plays one line: an event without what follows from it, or one action. */
export function stepAction(run: Run): boolean {
  return run.step();
}

/** To before the event that was played last. */
export function backEvent(run: Run): boolean {
  let { lines } = run.moment;
  if (lines === 0) return false;
  do lines -= 1;
  while (lines > 0 && !isEvent(run.history.line(lines)));
  run.seek(lines);
  return true;
}

/** To before the line that was played last. */
export function backAction(run: Run): boolean {
  if (run.moment.lines === 0) return false;
  run.seek(run.moment.lines - 1);
  return true;
}

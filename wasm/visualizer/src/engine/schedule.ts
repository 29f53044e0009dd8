import { chance, draw } from "./chance.js";
import { address, endOf, type Flight } from "./flight.js";
import { isEnded, type Moment, type Timer } from "./moment.js";
import type { Action, Flying, Role } from "raftbare/simulator";

/** A line, and when it is played. */
export interface Due {
  readonly at: number;
  readonly line: string;
}

const LATENCY = 1;
const LOSS = 2;
const TIMER = 3;

/** How long a message takes, and whether it arrives, follows from its number. */
export function launch({ dials, now }: Moment, flying: Flying): Flight {
  const number = Number(flying.number);
  const latency = draw(dials.latency, chance(dials.seed, LATENCY, number));
  const { text, payload } = flying;
  return {
    number,
    from: Number(flying.from),
    to: Number(flying.to),
    text,
    payload,
    sentAt: now,
    arrivesAt: now + latency,
    isLost: chance(dials.seed, LOSS, number) * 1_000 < dials.loss,
    isHeld: false,
  };
}

/** The timer of a node that has this role. */
export function wind({ dials, now, counts }: Moment, id: number, role: Role): Timer {
  const random = draw(dials.election, chance(dials.seed, TIMER, counts.timers, id));
  return { setAt: now, firesAt: now + (role === "leader" ? dials.heartbeat : random) };
}

/** How long the disk of a node takes for a write: without end while it is stuck. */
export function diskTime({ dials, stuck }: Moment, id: number): number {
  return stuck.has(id) ? Infinity : dials.disk;
}

/** How long an action takes: with asynchronous storage, to store is to hand over. */
export function workTime(moment: Moment, id: number, action: Action["type"]): number {
  const isStoring = action === "saveCurrentTerm" || action === "saveVotedFor" || action === "appendLogEntries";
  return isStoring && moment.outline.get(id)?.isAsynchronous !== true ? diskTime(moment, id) : 0;
}

/** What happens next by itself. Of what is due at one time, actions come first, then disks, messages, timers. */
export function nextDue(moment: Moment): Due | undefined {
  if (isEnded(moment)) return undefined;
  let due: { at: number; line: () => string } | undefined;
  const offer = (at: number, line: () => string): void => {
    if (at < (due?.at ?? Infinity)) due = { at, line };
  };
  for (const [id, at] of moment.work) offer(at, () => `take ${id} 1`);
  for (const [id, { doneAt, hasNews }] of moment.disks) {
    if (hasNews) offer(moment.now, () => `report ${id}`);
    else if (doneAt !== undefined) offer(doneAt, () => `write ${id} 1`);
  }
  for (const flight of moment.flights.values()) {
    if (flight.isHeld) continue;
    const verb = flight.isLost ? "lose" : "deliver";
    offer(endOf(flight), () => `${verb} ${address(moment.flights.values(), flight)}`);
  }
  for (const [id, { firesAt }] of moment.timers) offer(firesAt, () => `timeout ${id}`);
  return due && { at: Math.max(due.at, moment.now), line: due.line() };
}

import type { LogPosition } from "raftbare/simulator";
import type { Done, Moment, Request, Told } from "./moment.js";
import { note } from "./narrate.js";

/** How many of each kind are kept: what was longer ago is in the timeline. */
export const MOST_NOTES = 120;
const MOST_DONE = 24;
const MOST_REQUESTS = 40;
const MOST_TOLD = 12;

export function newest<T>(list: readonly T[], one: T, most: number): readonly T[] {
  return [...list.slice(Math.max(0, list.length + 1 - most)), one];
}

/** Executed actions, in the words of the notation, without who sends. */
export function noteDone(moment: Moment, id: number, actions: string, isSkipped: boolean): void {
  for (const text of actions.split("; ")) {
    moment.counts.done += 1;
    const { now: at, lines: line } = moment;
    const done: Done = { number: moment.counts.done, at, line, text, isSkipped };
    moment.done.set(id, newest(moment.done.get(id) ?? [], done, MOST_DONE));
  }
}

/** A node has told something of itself: by its option `events`. */
export function noteTold(moment: Moment, id: number, text: string): void {
  const told: Told = { at: moment.now, line: moment.lines, text };
  moment.told.set(id, newest(moment.told.get(id) ?? [], told, MOST_TOLD));
  note(moment, "told", [id], `${id} tells: ${text}.`);
}

/** A node has answered: where it has put a proposal, or that it takes none. */
export function noteRequest(moment: Moment, line: string, node: number, answer: string): void {
  const verb = line.split(" ", 1)[0];
  if (verb !== "propose" && verb !== "config") return;
  for (const position of positions(answer)) {
    moment.counts.requests += 1;
    const request: Request = {
      number: moment.counts.requests,
      kind: verb === "config" ? "config" : "command",
      node,
      at: moment.now,
      position,
      status: position === undefined ? "refused" : "in-progress",
    };
    moment.requests = newest(moment.requests, request, MOST_REQUESTS);
  }
  if (answer === "invalid") refused(moment, node, verb);
}

function refused(moment: Moment, node: number, verb: string): void {
  const state = moment.outline.get(node);
  const leader = state?.leaderId;
  const why =
    state?.role === "leader"
      ? `${verb === "config" ? "another change" : "a hand-over"} is under way`
      : leader === undefined
        ? "it does not lead, and knows of no leader"
        : `it does not lead; ${leader} does`;
  note(moment, "client", [node], `${node} refuses the ${verb === "config" ? "change" : "command"}: ${why}.`);
}

function positions(answer: string): (Request["position"] | undefined)[] {
  const [first, last] = answer.split("..").map(parsePlace);
  if (first === undefined) return [undefined];
  const count = last === undefined ? 1 : Number(last.index - first.index) + 1;
  return Array.from({ length: count }, (_, at) => ({ term: first.term, index: first.index + BigInt(at) }));
}

/** Asks again what has become of requests whose node has moved on. */
export function refreshRequests(moment: Moment, before: Moment["outline"]): void {
  const hasMoved = (id: number): boolean => {
    const [then, now] = [before.get(id), moment.outline.get(id)];
    return then?.commitIndex !== now?.commitIndex || then?.currentTerm !== now?.currentTerm;
  };
  if (!moment.requests.some(({ node, position }) => position !== undefined && hasMoved(node))) return;
  const ended: Request[] = [];
  moment.requests = moment.requests.map((request) => {
    const { node, position, status } = request;
    const isOver = status === "committed" || status === "rejected" || status === "refused";
    if (position === undefined || isOver || !hasMoved(node)) return request;
    const now = moment.world.getCommitStatus(BigInt(node), position);
    if (now === status) return request;
    const moved = { ...request, status: now };
    ended.push(moved);
    return moved;
  });
  for (const status of ["committed", "rejected"] as const) {
    for (const kind of ["command", "config"] as const) {
      tell(
        moment,
        status,
        kind,
        ended.filter((request) => request.status === status && request.kind === kind),
      );
    }
  }
}

function tell(
  moment: Moment,
  status: "committed" | "rejected",
  kind: Request["kind"],
  requests: readonly Request[],
): void {
  const [first, last] = [requests[0], requests.at(-1)];
  if (first === undefined || last === undefined) return;
  const place = ({ position }: Request): string => `${position!.term}/${position!.index}`;
  const isOne = first === last;
  const what = kind === "config" ? "The change" : isOne ? "The command" : `${requests.length} commands,`;
  const where = isOne ? `at ${place(first)} is` : `${place(first)} to ${place(last)}, are`;
  const why =
    status === "committed"
      ? "committed: a majority has stored"
      : `rejected: entries of another leader took ${isOne ? "its" : "their"} place`;
  const end = status === "committed" ? (isOne ? " it." : " them.") : ".";
  note(moment, "client", [first.node], `${what} ${where} ${why}${end}`);
}

/** A position in the notation. */
function parsePlace(text: string): LogPosition | undefined {
  const [, term, index] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  return term === undefined || index === undefined ? undefined : { term: BigInt(term), index: BigInt(index) };
}

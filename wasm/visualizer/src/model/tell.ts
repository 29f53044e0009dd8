import type { Note } from "../engine/moment.js";
import type { Trace } from "../engine/trace.js";
import { payloadOf } from "../engine/recording.js";
import { payloadText, seconds } from "./words.js";

export type MarkKind =
  "start" | "crash" | "timeout" | "propose" | "pre-vote" | "election" | "leader" | "commit" | "note";

/** What a row says that is drawn at its node's line; `undefined` if it says nothing new, or is of a message. */
export function markOf(trace: Trace, row: number): MarkKind | undefined {
  const kind = trace.kind(row);
  if (kind === "send" || kind === "receive" || kind === "drop") return undefined;
  if (kind === "note") return trace.text(row) === "" ? undefined : "note";
  const before = kind === "state" || kind === "timeout" ? trace.stateBefore(trace.node(row), row) : undefined;
  // The timer of a leader fires all the time: its heartbeats are seen.
  if (kind === "timeout" && before !== undefined && trace.state(before).role === "leader") return undefined;
  if (kind !== "state") return kind;
  const [was, is] = [before === undefined ? undefined : trace.state(before), trace.state(row)];
  const hasTurned = was?.role !== is.role || was.term !== is.term;
  if (is.role === "leader" && hasTurned) return "leader";
  if (is.role === "candidate" && hasTurned) return trace.isPreCandidate(row) ? "pre-vote" : "election";
  return is.commit > (was?.commit ?? is.commit) ? "commit" : undefined;
}

/** A row in words. */
export function tellRow(trace: Trace, row: number): string {
  const node = trace.node(row);
  switch (trace.kind(row)) {
    case "start":
      return `${node} starts.`;
    case "crash":
      return `${node} crashes.`;
    case "timeout":
      return `The timer of ${node} fires.`;
    case "propose":
      return `${node} is asked: ${trace.text(row) || "a proposal"}.`;
    case "note":
      return `${node}: ${trace.text(row)}.`;
    case "state":
      return tellState(trace, row);
    default:
      return tellMessage(trace, row);
  }
}

function tellState(trace: Trace, row: number): string {
  const node = trace.node(row);
  const { role, term, commit } = trace.state(row);
  switch (markOf(trace, row)) {
    case "leader":
      return `${node} leads term ${term}.`;
    case "pre-vote":
      return `${node} asks whether it would win an election after term ${term}.`;
    case "election":
      return `${node} stands for election in term ${term}.`;
    case "commit":
      return `${node} knows up to index ${commit} to be committed.`;
    default:
      return `${node} is a ${role} in term ${term}.`;
  }
}

/** What has become of a message, from any of its rows. */
export interface MessageFate {
  /** Where it was sent, if that is known. */
  readonly send: number | undefined;
  /** Where it ended, if that is known. */
  readonly end: number | undefined;
  readonly isLost: boolean;
  readonly isCopy: boolean;
  readonly isLate: boolean;
}

/** How much longer than usual a message takes that is late. */
const LATE = 2.5;

export function fateOf(trace: Trace, row: number): MessageFate {
  const isSend = trace.kind(row) === "send";
  const [send, end] = isSend ? [row, trace.pair(row)] : [trace.pair(row), row];
  const isLost = end !== undefined && trace.kind(end) === "drop";
  const duration = send === undefined || end === undefined ? 0 : trace.at(end) - trace.at(send);
  return { send, end, isLost, isCopy: trace.isCopy(row), isLate: !isLost && duration > LATE * trace.usual };
}

function tellMessage(trace: Trace, row: number): string {
  const { send, end, isLost, isCopy, isLate } = fateOf(trace, row);
  const from = send === undefined ? "somebody" : trace.node(send);
  const to = trace.to(send ?? row) ?? trace.node(row);
  const facts = [
    send === undefined ? "its sending is not known" : `sent at ${seconds(trace.at(send))}`,
    end === undefined ? "lost or under way" : `${isLost ? "lost" : "arrived"} at ${seconds(trace.at(end))}`,
  ];
  if (isCopy) facts.push("doubled");
  if (isLate) facts.push("late");
  return `${from} to ${to}: ${payloadText(payloadOf(trace.text(row)))} (${facts.join(", ")})`;
}

const NOTE_KINDS: Record<MarkKind, Note["kind"]> = {
  start: "crash",
  crash: "crash",
  timeout: "vote",
  propose: "client",
  "pre-vote": "vote",
  election: "vote",
  leader: "leader",
  commit: "log",
  note: "log",
};

/** What is told of the newest rows before one: of a recording, which has no story of its own. */
export function notesBefore(trace: Trace, rows: number, most: number): Note[] {
  const notes: Note[] = [];
  for (let row = rows - 1; row >= 0 && row > rows - 20 * most && notes.length < most; row -= 1) {
    const mark = markOf(trace, row);
    const isLost = trace.kind(row) === "drop";
    if (mark === undefined && !isLost) continue;
    const kind = mark === undefined ? "network" : NOTE_KINDS[mark];
    notes.push({
      number: row,
      at: trace.at(row),
      line: trace.line(row),
      kind,
      nodes: [trace.node(row)],
      text: tellRow(trace, row),
    });
  }
  return notes.reverse();
}

import { type Payload, type Recorded, parseConfig, parseLog, parseMessage, parsePosition } from "raftbare/simulator";

export type Did = Recorded["did"];

/** What a node did, and when: a line of a recording. */
export interface Event {
  /** Microseconds from the begin of the recording. */
  readonly at: number;
  readonly node: number;
  readonly did: Did;
  /** Whom a message is for, where that is not `node`. */
  readonly to: number | undefined;
  /** The message in the notation, or what is to be said. */
  readonly text: string;
  /** The node after the event, in the notation. */
  readonly now: string | undefined;
}

/** A node in the notation: `2 follower t1 vote 1 commit 0 snapshot {1,2} log 0/0[]`. */
export interface NodeText {
  readonly role: "follower" | "candidate" | "leader";
  readonly term: number;
  readonly vote: string;
  readonly commit: number;
  /** `snapshot {1,2} log 0/0[]` */
  readonly log: string;
}

/** The most that is read: it stays in memory as long as it is shown. */
export const MOST_BYTES = 64_000_000;
export const MOST_EVENTS = 300_000;
export const MOST_NODES = 64;

/** Nobody records for so long, eleven days: from here on it is a time of the calendar, in microseconds since 1970. */
const CALENDAR = 1e12;

const DEEDS: readonly string[] = [
  "start",
  "crash",
  "timeout",
  "propose",
  "send",
  "receive",
  "drop",
  "note",
] satisfies Did[];

/** Whether an event is of a message. */
export function isOfMessage(did: Did): boolean {
  return did === "send" || did === "receive" || did === "drop";
}

export function formatEvent({ at, node, did, to, text, now }: Event): string {
  const said = text === "" ? undefined : text;
  const parts = isOfMessage(did) ? { message: said } : { text: said };
  return JSON.stringify({ at, node, did, to, ...parts, now });
}

const NODE = /^(\d+) (follower|candidate|leader) t(\d+) vote (\d+|-) commit (\d+) (snapshot .*)$/;

export function parseNode(text: string): NodeText | undefined {
  const [, , role, term, vote, commit, log] = NODE.exec(text) ?? [];
  if (role === undefined || vote === undefined || log === undefined) return undefined;
  return { role: role as NodeText["role"], term: Number(term), vote, commit: Number(commit), log };
}

/** Reads JSON lines. Throws a `SyntaxError` that says in which line what is wrong, and what to do. */
export function parseRecording(text: string): Event[] {
  if (text.length > MOST_BYTES) {
    throw new SyntaxError(`the recording is longer than ${MOST_BYTES / 1e6} MB: cut a piece out of it`);
  }
  const events: Event[] = [];
  const known = new Set<string>();
  let number = 0;
  for (const line of text.split("\n")) {
    number += 1;
    if (line.trim() === "") continue;
    try {
      events.push(readEvent(line, known));
    } catch (error) {
      throw new SyntaxError(`line ${number}: ${error instanceof Error ? error.message : error}`);
    }
    if (events.length > MOST_EVENTS) {
      throw new SyntaxError(`line ${number}: more than ${MOST_EVENTS} events: cut a piece out of the recording`);
    }
  }
  if (events.length === 0) throw new SyntaxError("there is no event in it: a recording has a JSON object on each line");
  if (new Set(events.flatMap(({ node, to = node }) => [node, to])).size > MOST_NODES) {
    throw new SyntaxError(`events of more than ${MOST_NODES} nodes: leave some out`);
  }
  // Emitters of several nodes write one after the other; what is of one time stays in its order.
  return sinceBegin(events.sort((one, other) => one.at - other.at));
}

/** Times of the calendar as times from the begin of the recording. */
function sinceBegin(events: readonly Event[]): Event[] {
  const first = events[0]?.at ?? 0;
  const begin = first >= CALENDAR ? first : 0;
  return events.map((event) => ({ ...event, at: event.at - begin }));
}

function readEvent(line: string, known: Set<string>): Event {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new SyntaxError("this is no JSON object; write one object on each line, or remove the line");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SyntaxError("this is no JSON object; write one object on each line, or remove the line");
  }
  const fields = value as Record<string, unknown>;
  const at = integer(fields, "at");
  const node = integer(fields, "node");
  const to = fields.to === undefined ? undefined : integer(fields, "to");
  if (typeof fields.did !== "string") throw new SyntaxError('"did" has to be a text, such as "send"');
  if (!DEEDS.includes(fields.did)) {
    const text = [fields.did, said(fields)].filter((part) => part !== "").join(": ");
    return { at, node, did: "note", to: undefined, text, now: now(fields, node) };
  }
  const did = fields.did as Did;
  if (did === "send" && to === undefined) throw new SyntaxError('"send" needs "to": the node that it is for');
  const text = isOfMessage(did) ? message(fields, known) : said(fields);
  return { at, node, did, to: isOfMessage(did) && to !== node ? to : undefined, text, now: now(fields, node) };
}

function integer(fields: Record<string, unknown>, name: string): number {
  const value = fields[name];
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  const unit = name === "at" ? "microseconds" : "the number of a node";
  throw new SyntaxError(`"${name}" has to be a whole number from 0: ${unit}`);
}

function said({ text }: Record<string, unknown>): string {
  return typeof text === "string" ? text : "";
}

function message({ message: text }: Record<string, unknown>, known: Set<string>): string {
  if (typeof text !== "string") throw new SyntaxError('"message" is missing: the message in the notation');
  if (known.has(text)) return text;
  try {
    payloadOf(text);
  } catch (error) {
    throw new SyntaxError(`"message" is none in the notation: ${error instanceof Error ? error.message : error}`);
  }
  known.add(text);
  return text;
}

/** What a message in the notation says; `snapshot 1/6 {1,2}` is a snapshot. */
export function payloadOf(text: string): Payload {
  const [, position, config] = /^snapshot (\S+) (.*)$/.exec(text) ?? [];
  if (position === undefined || config === undefined) return { type: "message", message: parseMessage(text) };
  return { type: "snapshot", position: parsePosition(position), config: parseConfig(config) };
}

function now({ now: text }: Record<string, unknown>, node: number): string | undefined {
  if (text === undefined) return undefined;
  const parsed = typeof text === "string" ? parseNode(text) : undefined;
  if (parsed === undefined || !(text as string).startsWith(`${node} `)) {
    throw new SyntaxError('"now" is not this node in the notation; correct it, or leave it out');
  }
  try {
    parseLog(parsed.log);
  } catch (error) {
    throw new SyntaxError(`the log in "now" cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  return text as string;
}

/** How a node is after what it did in one step: with the last of it, or alone. */
export function withStates<S>(
  recorded: readonly Recorded[],
  changed: ReadonlyMap<number, S>,
): {
  readonly node: number;
  readonly did: Did;
  readonly to: number | undefined;
  readonly text: string;
  readonly state: S | undefined;
}[] {
  const last = new Map(recorded.map(({ node }, index) => [Number(node), index]));
  const told = recorded.map(({ node, did, to, text }, index) => {
    const id = Number(node);
    const state = last.get(id) === index ? changed.get(id) : undefined;
    return { node: id, did, to: to === undefined ? undefined : Number(to), text, state };
  });
  const silent = [...changed].filter(([id]) => !last.has(id));
  return [...told, ...silent.map(([node, state]) => ({ node, did: "note" as const, to: undefined, text: "", state }))];
}

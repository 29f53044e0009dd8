import { Grown, Texts } from "./columns.js";
import { type Did, type NodeText, isOfMessage } from "./recording.js";

/** What a row of a trace is: an event, or how a node is from there on. */
export type RowKind = Did | "state";
const ROW_KINDS = ["start", "crash", "timeout", "propose", "send", "receive", "drop", "note", "state"] as const;

export type MessageKind = "vote-call" | "vote-reply" | "heartbeat" | "append" | "reply" | "snapshot";
const MESSAGE_KINDS = ["vote-call", "vote-reply", "heartbeat", "append", "reply", "snapshot"] as const;

const ROLES = ["follower", "candidate", "leader"] as const;

/** The small things of a node. */
export type Small = Pick<NodeText, "role" | "term" | "commit">;

/** What is added to a trace. `now` is all of the node, where that is known. */
export interface TraceEvent {
  readonly at: number;
  readonly node: number;
  readonly did: Did;
  readonly to: number | undefined;
  readonly text: string;
  readonly state: (Small & { readonly now?: string }) | undefined;
}

const NOBODY = 0xffff;
/** How many messages back a second one is known to be the same again. */
const MOST_RECENT = 4_096;
/** Rows that share what is known of how long their messages take. */
const BLOCK = 256;

/**
 * What the nodes of a run did, a row each, in the order of time; sends and arrivals are paired by their text and
 * receiver, first in first out. It only grows, and a row never moves: going back in time leaves it as it is.
 */
export class Trace {
  /** The nodes that do something, in the order in which they are met. */
  #ids: number[] = [];
  #at = new Grown(new Float64Array(256));
  #line = new Grown(new Uint32Array(256));
  #kind = new Grown(new Uint8Array(256));
  #node = new Grown(new Uint16Array(256));
  #to = new Grown(new Uint16Array(256));
  /** Of a message its kind, of a state its role. */
  #detail = new Grown(new Uint8Array(256));
  #term = new Grown(new Float64Array(256));
  /** Of a state the commit index. */
  #commit = new Grown(new Float64Array(256));
  /** Of a send where it ended, of an end where it was sent; else -1. */
  #pair = new Grown(new Int32Array(256));
  #isCopy = new Grown(new Uint8Array(256));
  #text = new Grown(new Uint32Array(256));
  #texts = new Texts();
  /** The states of each node, by its place in `ids`. */
  #states: Grown<Uint32Array>[] = [];
  /** Their crashes. */
  #crashes: Grown<Uint32Array>[] = [];
  /** Of each block of rows, when the last of its messages ended. */
  #ends = new Grown(new Float64Array(16));
  /** Sends whose end is not known, by receiver and text. */
  #open = new Map<string, number[]>();
  #recent = new Map<string, number>();
  /** How long messages took: how many of each power of the square root of 2. */
  #durations = new Uint32Array(128);
  #usual: number | undefined;

  /** How many rows there are. */
  get length(): number {
    return this.#at.length;
  }

  get nodes(): readonly number[] {
    return this.#ids;
  }

  add(event: TraceEvent, line: number): void {
    const row = this.#push(event.at, line, event.did, event.node, event.to, event.text);
    if (isOfMessage(event.did)) this.#pairUp(row, event);
    if (event.did === "crash") this.#crashes[this.#slot(event.node)]!.push(row);
    // A node that has crashed is in no state.
    if (event.state !== undefined && event.did !== "crash") this.#addState(event, event.state, line);
  }

  at(row: number): number {
    return this.#at.get(row);
  }

  line(row: number): number {
    return this.#line.get(row);
  }

  kind(row: number): RowKind {
    return ROW_KINDS[this.#kind.get(row)]!;
  }

  node(row: number): number {
    return this.#ids[this.#node.get(row)]!;
  }

  /** Whom the message of a send is for, or where one ends. */
  to(row: number): number | undefined {
    const to = this.#to.get(row);
    return to === NOBODY ? undefined : this.#ids[to];
  }

  text(row: number): string {
    return this.#texts.at(this.#text.get(row));
  }

  term(row: number): number {
    return this.#term.get(row);
  }

  messageKind(row: number): MessageKind {
    return MESSAGE_KINDS[this.#detail.get(row)]!;
  }

  /** Of a send, where it ended; of an end, where it was sent. */
  pair(row: number): number | undefined {
    const pair = this.#pair.get(row);
    return pair < 0 ? undefined : pair;
  }

  /** Whether the same message had been sent to the same node before. */
  isCopy(row: number): boolean {
    return this.#isCopy.get(row) === 1;
  }

  state(row: number): Small {
    return { role: ROLES[this.#detail.get(row)]!, term: this.#term.get(row), commit: this.#commit.get(row) };
  }

  /** The row that says how a node was before a row. */
  stateBefore(node: number, row: number): number | undefined {
    const states = this.#states[this.#ids.indexOf(node)];
    const count = states?.countUntil(row - 1) ?? 0;
    return count === 0 ? undefined : states!.get(count - 1);
  }

  /** Whether a state is that of a candidate which only asks: to stand for election it would have raised its term. */
  isPreCandidate(row: number): boolean {
    const { role, term } = this.state(row);
    if (role !== "candidate") return false;
    let before = this.stateBefore(this.node(row), row);
    while (before !== undefined && this.state(before).term === term) {
      if (this.state(before).role !== "candidate") return true;
      before = this.stateBefore(this.node(row), before);
    }
    return false;
  }

  /** Whether a node has crashed between two rows. */
  hasCrashed(node: number, after: number, before: number): boolean {
    const crashes = this.#crashes[this.#ids.indexOf(node)]!;
    return crashes.countUntil(before - 1) > crashes.countUntil(after);
  }

  /** How many rows are of a time up to this one. */
  countUntil(time: number): number {
    return this.#at.countUntil(time);
  }

  /** How many rows the first lines have led to. */
  countOfLines(lines: number): number {
    return this.#line.countUntil(lines - 1);
  }

  /** The rows from a time to another, and the sends before whose messages were still on their way. */
  window(
    from: number,
    to: number,
  ): { readonly early: readonly number[]; readonly first: number; readonly end: number } {
    const first = this.countUntil(from - 1);
    const early: number[] = [];
    const usual = this.usual;
    for (let block = 0; block * BLOCK < first; block += 1) {
      const last = Math.min(first, (block + 1) * BLOCK);
      if (this.#ends.get(block) < from && this.#at.get(last - 1) + usual < from) continue;
      for (let row = block * BLOCK; row < last; row += 1) {
        if (this.kind(row) === "send" && this.endOf(row) >= from) early.push(row);
      }
    }
    return { early, first, end: this.countUntil(to) };
  }

  /** When a message ended; if that is not known, when it would as a rule. */
  endOf(send: number): number {
    const pair = this.pair(send);
    return pair === undefined ? this.at(send) + this.usual : this.at(pair);
  }

  /** How long messages take as a rule: the median, roughly; 20 ms while none has arrived. */
  get usual(): number {
    this.#usual ??= this.#median();
    return this.#usual;
  }

  #median(): number {
    const all = this.#durations.reduce((sum, count) => sum + count, 0);
    let count = 0;
    for (const [power, of] of this.#durations.entries()) {
      count += of;
      if (count * 2 > all) return Math.round(2 ** (power / 2));
    }
    return 20_000;
  }

  /** The send of a message that is on its way after so many lines. */
  underWay(to: number, message: string, lines: number): number | undefined {
    const end = this.countOfLines(lines);
    for (let row = end - 1; row >= Math.max(0, end - MOST_RECENT); row -= 1) {
      if (this.kind(row) !== "send" || this.to(row) !== to) continue;
      const pair = this.pair(row);
      if (pair !== undefined && this.line(pair) < lines) continue;
      if (this.text(row) === message) return row;
    }
    return undefined;
  }

  /** What was known after so many lines, to go on differently. */
  fork(lines: number): Trace {
    const rows = this.countOfLines(lines);
    const fork = new Trace();
    fork.#texts = this.#texts.fork();
    fork.#ids = [...this.#ids];
    fork.#at = this.#at.fork(rows);
    fork.#line = this.#line.fork(rows);
    fork.#kind = this.#kind.fork(rows);
    fork.#node = this.#node.fork(rows);
    fork.#to = this.#to.fork(rows);
    fork.#detail = this.#detail.fork(rows);
    fork.#term = this.#term.fork(rows);
    fork.#commit = this.#commit.fork(rows);
    fork.#pair = this.#pair.fork(rows);
    fork.#isCopy = this.#isCopy.fork(rows);
    fork.#text = this.#text.fork(rows);
    fork.#states = this.#states.map((states) => states.fork(states.countUntil(rows - 1)));
    fork.#crashes = this.#crashes.map((crashes) => crashes.fork(crashes.countUntil(rows - 1)));
    fork.#ends = this.#ends.fork(this.#ends.length);
    for (let row = 0; row < rows; row += 1) fork.#remember(row, rows);
    return fork;
  }

  /** What is not in the columns follows from them. */
  #remember(row: number, rows: number): void {
    const kind = this.kind(row);
    const pair = this.#pair.get(row);
    if (kind === "send") {
      if (pair >= rows) this.#pair.set(row, -1);
      const key = keyOf(this.to(row)!, this.text(row));
      if (pair < 0 || pair >= rows) this.#openUp(key, row);
      this.#noteRecent(key, row);
    } else if (kind === "receive" && pair >= 0 && !this.isCopy(row)) {
      this.#noteDuration(pair, row);
    }
  }

  #push(at: number, line: number, kind: RowKind, node: number, to: number | undefined, text: string): number {
    const row = this.length;
    this.#at.push(row === 0 ? at : Math.max(at, this.at(row - 1)));
    this.#line.push(line);
    this.#kind.push(ROW_KINDS.indexOf(kind));
    this.#node.push(this.#slot(node));
    this.#to.push(to === undefined ? NOBODY : this.#slot(to));
    this.#detail.push(0);
    this.#term.push(0);
    this.#commit.push(0);
    this.#pair.push(-1);
    this.#isCopy.push(0);
    this.#text.push(this.#texts.push(text));
    if (row % BLOCK === 0) this.#ends.push(-Infinity);
    return row;
  }

  #slot(id: number): number {
    const slot = this.#ids.indexOf(id);
    if (slot >= 0) return slot;
    this.#states.push(new Grown(new Uint32Array(16)));
    this.#crashes.push(new Grown(new Uint32Array(4)));
    return this.#ids.push(id) - 1;
  }

  #addState(
    { at, node }: TraceEvent,
    { role, term, commit, now = "" }: Small & { readonly now?: string },
    line: number,
  ): void {
    const row = this.#push(at, line, "state", node, undefined, now);
    this.#detail.set(row, ROLES.indexOf(role));
    this.#term.set(row, term);
    this.#commit.set(row, commit);
    this.#states[this.#slot(node)]!.push(row);
  }

  #pairUp(row: number, { node, did, to = node, text }: TraceEvent): void {
    const { kind, term } = messageParts(text);
    this.#detail.set(row, MESSAGE_KINDS.indexOf(kind));
    this.#term.set(row, term);
    const key = keyOf(to, text);
    const before = this.#recent.get(key);
    if (did === "send") {
      if (before !== undefined) this.#isCopy.set(row, 1);
      this.#openUp(key, row);
      this.#noteRecent(key, row);
      return;
    }
    const send = this.#close(key);
    if (send !== undefined) {
      this.#pair.set(send, row);
      this.#pair.set(row, send);
      const block = Math.floor(send / BLOCK);
      this.#ends.set(block, Math.max(this.#ends.get(block), this.at(row)));
      if (did === "receive") this.#noteDuration(send, row);
    } else if (before !== undefined) {
      // It was sent once, and comes once more.
      this.#pair.set(row, before);
      this.#isCopy.set(row, 1);
    }
  }

  #openUp(key: string, row: number): void {
    const rows = this.#open.get(key);
    if (rows === undefined) this.#open.set(key, [row]);
    else rows.push(row);
  }

  #close(key: string): number | undefined {
    const rows = this.#open.get(key);
    const row = rows?.shift();
    if (rows?.length === 0) this.#open.delete(key);
    return row;
  }

  #noteRecent(key: string, row: number): void {
    if (this.#recent.has(key)) return;
    this.#recent.set(key, row);
    if (this.#recent.size > MOST_RECENT) this.#recent.delete(this.#recent.keys().next().value!);
  }

  #noteDuration(send: number, end: number): void {
    const duration = this.at(end) - this.at(send);
    const power = duration < 1 ? 0 : Math.round(2 * Math.log2(duration));
    this.#durations[power] = this.#durations[power]! + 1;
    this.#usual = undefined;
  }
}

function keyOf(to: number, text: string): string {
  return `${to}|${text}`;
}

/** The kind of a message in the notation, and its term. */
export function messageParts(text: string): { readonly kind: MessageKind; readonly term: number } {
  const [, snapshot] = /^snapshot (\d+)\//.exec(text) ?? [];
  if (snapshot !== undefined) return { kind: "snapshot", term: Number(snapshot) };
  const [, term, name = ""] = /^\d+ t(\d+) #\d+ (\w+)/.exec(text) ?? [];
  return { kind: kindOf(name, text), term: Number(term) };
}

function kindOf(name: string, text: string): MessageKind {
  const [, step] = /(?:Vote|CampaignNow)(Call|Reply)$/.exec(name) ?? [];
  if (step !== undefined) return step === "Call" ? "vote-call" : "vote-reply";
  if (name.endsWith("Reply")) return "reply";
  return text.endsWith("[]") ? "heartbeat" : "append";
}

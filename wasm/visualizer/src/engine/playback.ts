import {
  ClusterConfig,
  Log,
  LogEntries,
  LogPosition,
  type NodeState,
  ScriptWorld,
  type ServerState,
  parseLog,
} from "raftbare/simulator";
import { arrivalOfLost, type Flight } from "./flight.js";
import { type Ballot, type Note, startMoment } from "./moment.js";
import { type Event, parseNode, payloadOf } from "./recording.js";
import { MOST_NOTES } from "./record.js";
import type { Shown, Timeline } from "./timeline.js";
import { type MessageKind, type Small, Trace } from "./trace.js";

/** How many rows back votes and answers are looked for. */
const MOST_ROWS = 5_000;

/** What of a node is in no recording. */
const UNKNOWN = { next: undefined, isAsynchronous: false, waitingWrites: 0 } as const;

/** Tells what the newest rows before one say, in words. */
export type Teller = (trace: Trace, rows: number, most: number) => Note[];

interface Cached {
  readonly lines: number;
  readonly moment: Shown;
  readonly servers: readonly ServerState[];
}

/** A recording, which is only watched. A line is one of its events. */
export class Playback implements Timeline {
  readonly trace = new Trace();
  readonly broken = [];
  readonly #events: readonly Event[];
  readonly #tell: Teller;
  readonly #idle = idle();
  readonly #empty = emptyMoment();
  /** When each node began to run, and when it stopped: by the lines. */
  readonly #lives = new Map<number, { readonly line: number; readonly isUp: boolean }[]>();
  readonly #ids: readonly number[];
  #lines = 0;
  #now = 0;
  #cached: Cached | undefined;

  constructor(events: readonly Event[], tell: Teller) {
    this.#events = events;
    this.#tell = tell;
    const speaking = new Set(events.filter(({ now }) => now !== undefined).map(({ node }) => node));
    for (const [line, event] of events.entries()) {
      const { at, node, did, to, text, now } = event;
      const state = now === undefined ? (speaking.has(node) ? undefined : guess(event)) : { ...parseNode(now)!, now };
      this.trace.add({ at, node, did, to, text, state }, line);
      if (did === "start" || did === "crash") {
        const lives = this.#lives.get(node) ?? [];
        this.#lives.set(node, [...lives, { line, isUp: did === "start" }]);
      }
    }
    this.#ids = [...this.trace.nodes].sort((one, other) => one - other);
    this.seek(events.length);
  }

  get length(): number {
    return this.#events.length;
  }

  get end(): number {
    return this.#events.at(-1)?.at ?? 0;
  }

  get isAtEnd(): boolean {
    return this.#lines === this.length;
  }

  get isOver(): boolean {
    return this.isAtEnd;
  }

  get nextAt(): number | undefined {
    return this.#events[this.#lines]?.at;
  }

  get moment(): Shown {
    return { ...this.#look().moment, now: this.#now };
  }

  get servers(): readonly ServerState[] {
    return this.#look().servers;
  }

  isCut(): boolean {
    return false;
  }

  isEvent(line: number): boolean {
    const did = this.#events[line]?.did;
    return did !== "send" && did !== "drop" && did !== "note";
  }

  step(): boolean {
    if (this.isAtEnd) return false;
    this.seek(this.#lines + 1);
    return true;
  }

  runTo(wanted: number): void {
    this.seekTime(Math.max(this.#now, wanted));
  }

  seek(lines: number, time = 0): void {
    this.#lines = Math.max(0, Math.min(lines, this.length));
    this.#now = Math.max(this.#events[this.#lines - 1]?.at ?? 0, time);
  }

  seekTime(wanted: number): void {
    const time = Math.max(0, Math.min(Math.round(wanted), this.end));
    const rows = this.trace.countUntil(time);
    this.seek(rows === 0 ? 0 : this.trace.line(rows - 1) + 1, time);
  }

  #look(): Cached {
    if (this.#cached?.lines === this.#lines) return this.#cached;
    const rows = this.trace.countOfLines(this.#lines);
    const servers = this.#ids.map((id) => this.#server(id, rows));
    const moment: Shown = {
      ...this.#empty,
      lines: this.#lines,
      now: this.#now,
      outline: new Map(servers.map(({ id, node }) => [Number(id), node && { ...node, ...UNKNOWN }])),
      flights: this.#flights(rows),
      ballots: this.#ballots(servers, rows),
      notes: this.#tell(this.trace, rows, MOST_NOTES),
    };
    this.#cached = { lines: this.#lines, moment, servers };
    return this.#cached;
  }

  #server(id: number, rows: number): ServerState {
    const row = this.trace.stateBefore(id, rows);
    const text = row === undefined ? undefined : parseNode(this.trace.text(row));
    const small: Small = row === undefined ? { role: "follower", term: 0, commit: 0 } : this.trace.state(row);
    const log =
      text === undefined ? new Log(new ClusterConfig(), new LogEntries(LogPosition.ZERO)) : parseLog(text.log);
    const currentTerm = BigInt(small.term);
    const votedFor = text === undefined || text.vote === "-" ? undefined : BigInt(text.vote);
    const disk = { currentTerm, votedFor, log };
    const node: ServerState["node"] = {
      role: small.role,
      isPreCandidate: row !== undefined && this.trace.isPreCandidate(row),
      currentTerm,
      votedFor,
      leaderId: this.#leaderOf(id, small, rows),
      commitIndex: BigInt(small.commit),
      durableIndex: log.lastPosition.index,
      transferTarget: undefined,
      log,
      actions: this.#idle,
      matchIndexes: small.role === "leader" ? this.#matches(id, small.term, rows) : new Map(),
      lostTails: [],
    };
    return { id: BigInt(id), node: this.#isUp(id) ? node : undefined, disk, writes: [], applied: 0n, digest: 0n };
  }

  /** One that is first seen when it crashes had been running. */
  #isUp(id: number): boolean {
    const lives = this.#lives.get(id) ?? [];
    const last = lives.findLast(({ line }) => line < this.#lines);
    return last === undefined ? lives[0]?.isUp !== true : last.isUp;
  }

  #flights(rows: number): Map<number, Flight> {
    const { trace } = this;
    const { early, first } = trace.window(this.#now, this.#now);
    const flights = new Map<number, Flight>();
    const sends = [...early, ...Array.from({ length: Math.max(0, rows - first) }, (_, at) => first + at)];
    for (const row of sends) {
      const pair = trace.pair(row);
      if (trace.kind(row) !== "send" || row >= rows || (pair !== undefined && pair < rows)) continue;
      const text = trace.text(row);
      const [from, to] = [trace.node(row), trace.to(row)!];
      const isLost = pair === undefined || trace.kind(pair) === "drop";
      const isOnTheWay = isLost && pair !== undefined && trace.to(pair) !== undefined;
      const sentAt = trace.at(row);
      flights.set(row, {
        number: row,
        from,
        to,
        text: `${to} < ${text}`,
        payload: payloadOf(text),
        sentAt,
        arrivesAt: isOnTheWay ? arrivalOfLost(sentAt, trace.endOf(row)) : trace.endOf(row),
        isLost,
        isHeld: false,
      });
    }
    return flights;
  }

  /** The votes that candidates have got. */
  #ballots(servers: readonly ServerState[], rows: number): Map<number, Ballot> {
    const ballots = new Map<number, Ballot>();
    for (const { id, node } of servers) {
      if (node?.role !== "candidate") continue;
      const isPreVote = node.isPreCandidate;
      const term = isPreVote ? node.currentTerm + 1n : node.currentTerm;
      const granted = new RegExp(
        `^(\\d+) t${term} #\\d+ ${isPreVote ? "Pre" : "(?:Request|Transfer)"}VoteReply granted$`,
      );
      const from = new Set([Number(id)]);
      for (const row of this.#received(Number(id), Number(term), ["vote-reply"], rows)) {
        const [, voter] = granted.exec(this.trace.text(row)) ?? [];
        if (voter !== undefined) from.add(Number(voter));
      }
      ballots.set(Number(id), { term, from: [...from].sort(), isPreVote });
    }
    return ballots;
  }

  /** How much of the log of a leader the others have said to have: what they said last. */
  #matches(id: number, term: number, rows: number): Map<bigint, bigint> {
    const matches = new Map<bigint, bigint>();
    for (const row of this.#received(id, term, ["reply"], rows)) {
      const [, from, index] = /^(\d+) .* AppendEntriesReply last \d+\/(\d+)$/.exec(this.trace.text(row)) ?? [];
      if (from === undefined || index === undefined || matches.has(BigInt(from))) continue;
      matches.set(BigInt(from), BigInt(index));
      if (matches.size === this.#ids.length - 1) break;
    }
    return matches;
  }

  /** Whom a node hears. */
  #leaderOf(id: number, { role, term }: Small, rows: number): bigint | undefined {
    if (role === "leader") return BigInt(id);
    for (const row of this.#received(id, term, ["heartbeat", "append"], rows)) {
      return BigInt(/^\d+/.exec(this.trace.text(row))![0]);
    }
    return undefined;
  }

  /** The rows of messages of a term that have arrived at a node in this life, the newest first. */
  *#received(id: number, term: number, kinds: readonly MessageKind[], rows: number): Generator<number> {
    const { trace } = this;
    for (let row = rows - 1; row >= Math.max(0, rows - MOST_ROWS); row -= 1) {
      if (trace.node(row) !== id) continue;
      if (trace.kind(row) === "crash") return;
      if (trace.kind(row) !== "receive" || trace.term(row) !== term) continue;
      if (kinds.includes(trace.messageKind(row))) yield row;
    }
  }
}

/** What is in no recording. */
function emptyMoment(): Shown {
  const { world, ...empty } = startMoment();
  world.free();
  return empty;
}

/** The actions of a node that has nothing to do: what waits is not in a recording. */
function idle(): NodeState["actions"] {
  using world = new ScriptWorld();
  world.step("start 1");
  return world.servers[0]!.node!.actions;
}

/** What a node is that never says so, by what it sends: only a leader calls for entries, only a candidate for votes. */
function guess({ did, text }: Event): Small | undefined {
  if (did !== "send") return undefined;
  const [, term, name, commit = 0] = /^\d+ t(\d+) #\d+ (\w+)(?: commit (\d+))?/.exec(text) ?? [];
  const roles: Partial<Record<string, Small["role"]>> = {
    AppendEntriesCall: "leader",
    RequestVoteCall: "candidate",
    TransferVoteCall: "candidate",
    AppendEntriesReply: "follower",
  };
  const role = roles[name ?? ""];
  return role && { role, term: Number(term), commit: Number(commit) };
}

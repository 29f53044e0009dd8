import { type CommitStatus, ScriptWorld, type ServerOutline, type ServerState } from "raftbare/simulator";
import { CALM, type Dials } from "./dials.js";
import type { Disk } from "./disks.js";
import type { Flight } from "./flight.js";
import type { NodeOptions } from "./options.js";

export interface Timer {
  readonly setAt: number;
  readonly firesAt: number;
}

/** Something that a client or an operator has asked for. */
export interface Request {
  readonly number: number;
  readonly kind: "command" | "config";
  readonly node: number;
  readonly at: number;
  /** Where it stands; `undefined` if the node refused it. */
  readonly position: { readonly term: bigint; readonly index: bigint } | undefined;
  readonly status: CommitStatus | "refused";
}

/** Something that was told in words. */
export interface Note {
  /** Its place among all notes of the run. */
  readonly number: number;
  readonly at: number;
  /** How many lines were played when it happened. */
  readonly line: number;
  readonly kind: "vote" | "leader" | "log" | "client" | "network" | "crash" | "config" | "disk" | "told" | "broken";
  readonly nodes: readonly number[];
  readonly text: string;
}

/** An action that was executed, or left out. */
export interface Done {
  readonly number: number;
  readonly at: number;
  readonly line: number;
  readonly text: string;
  readonly isSkipped: boolean;
}

/** What a node has told of itself, in the words of the notation. */
export interface Told {
  readonly at: number;
  readonly line: number;
  readonly text: string;
}

/** A property that was broken. */
export interface Broken {
  readonly property: string;
  readonly detail: string;
  readonly line: number;
  /** Whether it is one of Raft's guarantees, so that the run ends; else a promise that a flaw has broken. */
  readonly isFatal: boolean;
}

/** Who has voted for a candidate, or would vote for it, as far as it knows. */
export interface Ballot {
  readonly term: bigint;
  /** Whether these are answers to a pre-vote. */
  readonly isPreVote?: boolean;
  readonly from: readonly number[];
}

/** A cluster and its surroundings at one moment: it follows from the lines that were played, and from nothing else. */
export interface Moment {
  readonly world: ScriptWorld;
  /** Simulated microseconds. */
  now: number;
  /** How many lines were played. */
  lines: number;
  dials: Dials;
  outline: ReadonlyMap<number, ServerOutline["node"]>;
  flights: Map<number, Flight>;
  newest: number;
  timers: Map<number, Timer>;
  /** How many timers were set, and how many notes and actions there were. */
  counts: { timers: number; notes: number; done: number; requests: number };
  /** When the next action of a node is done. */
  work: Map<number, number>;
  /** The disks of nodes with asynchronous storage. */
  disks: Map<number, Disk>;
  /** Whose disks make no writes. */
  stuck: ReadonlySet<number>;
  ballots: Map<number, Ballot>;
  /** The next index of each follower, by `leader>follower`: where the newest call ended. */
  next: Map<string, number>;
  requests: readonly Request[];
  notes: readonly Note[];
  done: Map<number, readonly Done[]>;
  /** What nodes with the option `events` have told of themselves, the newest last. */
  told: Map<number, readonly Told[]>;
  broken: readonly Broken[];
  flaw: string | undefined;
  /** Of those nodes to which some were given. */
  options: ReadonlyMap<number, NodeOptions>;
}

export function startMoment(): Moment {
  return {
    world: new ScriptWorld(),
    now: 0,
    lines: 0,
    dials: CALM,
    outline: new Map(),
    flights: new Map(),
    newest: 0,
    timers: new Map(),
    counts: { timers: 0, notes: 0, done: 0, requests: 0 },
    work: new Map(),
    disks: new Map(),
    stuck: new Set(),
    ballots: new Map(),
    next: new Map(),
    requests: [],
    notes: [],
    done: new Map(),
    told: new Map(),
    broken: [],
    flaw: undefined,
    options: new Map(),
  };
}

/** A copy that goes on by itself. It lives until its world is freed. */
export function cloneMoment(moment: Moment): Moment {
  return {
    ...moment,
    world: moment.world.clone(),
    flights: new Map(moment.flights),
    timers: new Map(moment.timers),
    counts: { ...moment.counts },
    work: new Map(moment.work),
    disks: new Map(moment.disks),
    ballots: new Map(moment.ballots),
    next: new Map(moment.next),
    done: new Map(moment.done),
    told: new Map(moment.told),
  };
}

export function isEnded(moment: Moment): boolean {
  return moment.broken.some((broken) => broken.isFatal);
}

/** The servers with all that is in them. */
export function serversOf(moment: Moment): ServerState[] {
  return moment.world.servers;
}

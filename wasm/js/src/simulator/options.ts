import { boolean, count, object, text } from "../check.js";
import { type NodeOptions, rawOptions, readOptions } from "../options.js";

/** How rough the simulated world is: probabilities in parts of a thousand, times in microseconds. */
export interface SimulationOptions {
  /** How many servers there are, members or not: 1 to 9. By default 3. */
  readonly servers: number;
  /** How many of them found the cluster. By default all. */
  readonly voters: number;
  /** A message is lost. */
  readonly loss: number;
  /** A message comes twice. */
  readonly duplication: number;
  /** The entries of a call are cut. */
  readonly truncation: number;
  /** A message takes up to this long. By default 2,000. */
  readonly delayUs: number;
  /** A message takes up to a hundred times as long, and others overtake it. */
  readonly straggling: number;
  /** A caller gives further inputs before it takes all actions. */
  readonly partialDrain: number;
  /** A server crashes before one of the actions it takes. */
  readonly crashInDrain: number;
  /** The mean time between two faults of the world; by default 0, for none. */
  readonly faultEveryUs: number;
  /** The mean time between two inputs of clients; 0 for none. By default 10,000. */
  readonly clientEveryUs: number;
  /** Commands in a burst of a client, at most. By default 3. */
  readonly burst: number;
  /** A fault is that a leader is told to hand over, or to go on to lead. */
  readonly transfers: number;
  /** Faults may change the membership. */
  readonly membership: boolean;
  /** Faults may take snapshots. */
  readonly snapshots: boolean;
  /**
   * What the nodes do beyond the basic algorithm; by default nothing. With `asynchronousStorage`, what they store is on
   * its way for a while, up to 60 ms by the chances of each disk, and a crash may lose it.
   */
  readonly nodeOptions: NodeOptions;
}

type World = Omit<SimulationOptions, "nodeOptions">;

const CALM: World = {
  servers: 3,
  voters: 3,
  loss: 0,
  duplication: 0,
  truncation: 0,
  delayUs: 2_000,
  straggling: 0,
  partialDrain: 0,
  crashInDrain: 0,
  faultEveryUs: 0,
  clientEveryUs: 10_000,
  burst: 3,
  transfers: 0,
  membership: false,
  snapshots: false,
};

const MOST: Partial<Record<keyof World, number>> = {
  servers: 9,
  delayUs: 1_000_000_000,
  faultEveryUs: 1_000_000_000,
  clientEveryUs: 1_000_000_000,
};

/** In the order of the module. */
const NAMES = Object.keys(CALM) as (keyof World)[];

/** Takes options from a user. Returns them as the module takes them; see `wasm/src/simulator/options.rs`. */
export function rawSimulationOptions(value: unknown): number[] {
  const given = object(value, "options");
  for (const name of Object.keys(given)) {
    if (!(name in CALM) && name !== "nodeOptions") throw new TypeError(`there is no option ${name}`);
  }
  const checked = NAMES.map((name) => {
    const one = given[name] ?? (name === "voters" ? (given["servers"] ?? CALM.servers) : CALM[name]);
    const isFlag = typeof CALM[name] === "boolean";
    return [name, Number(isFlag ? boolean(one, name) : count(one, name, MOST[name] ?? 1_000))];
  });
  const options = Object.fromEntries(checked) as Record<keyof World, number>;
  for (const name of ["servers", "voters", "burst"] as const) {
    if (options[name] < 1) throw new RangeError(`${name} has to be at least 1`);
  }
  if (options.voters > options.servers) throw new RangeError("there are more voters than servers");
  return [...NAMES.map((name) => options[name]), ...rawOptions(given["nodeOptions"] ?? {})];
}

/** Reads the options that {@link rawSimulationOptions} makes such numbers of. */
export function readSimulationOptions(next: () => number): SimulationOptions {
  const values = NAMES.map((name) => {
    const value = next();
    return [name, typeof CALM[name] === "boolean" ? value > 0 : value];
  });
  const world = Object.fromEntries(values) as unknown as World;
  return { ...world, nodeOptions: readOptions(next(), next(), next()) };
}

/**
 * Mistakes that somebody has made, to be made on purpose on all simulated servers: what the checker does not find, it
 * is not worth much for.
 */
export type Flaw = (typeof FLAWS)[number];

/** All of them, in the order of the module: `raftbare_sim::flaw::Flaw`. */
export const FLAWS = [
  "voteNotStored",
  "termNotStored",
  "sendsBeforeStoring",
  "appendKeepsTail",
  "appendNotSynced",
  "comesBackEmpty",
  "restartForgetsConfig",
  "comparesOnlyIndexes",
  "commitsOldTerms",
  "oneVoteShort",
  "electsByOldVotersOnly",
  "countsStaleReplies",
  "appliesUncommitted",
  "countsUnstored",
  "takesOlderSnapshots",
  "snapshotWithLatestConfig",
  "commandsByIndex",
  "cutsTheWrongCommands",
  "readsAtOnce",
  "readsBeforeOwnTerm",
  "followersSleep",
  "neverSendsSnapshots",
] as const;

/** The same of what is reported to nodes with asynchronous storage. */
export type LateFlaw = (typeof LATE_FLAWS)[number];

/** All of them, in the order of the module: `raftbare_sim::late::LateFlaw`. */
export const LATE_FLAWS = [
  "logReportedEarly",
  "hardStateReportedEarly",
  "writesOutOfOrder",
  "reportedByIndex",
] as const;

/** The number of a flaw in a world whose storage is asynchronous or not; one that there is not for none. */
export function flawNumber(flaw: unknown, isAsynchronous: boolean): number {
  if (flaw === undefined) return 0xffff_ffff;
  const flaws: readonly string[] = isAsynchronous ? LATE_FLAWS : FLAWS;
  const number = flaws.indexOf(text(flaw, "flaw"));
  if (number < 0) {
    throw new RangeError(`with${isAsynchronous ? "" : "out"} asynchronous storage there is no flaw ${String(flaw)}`);
  }
  return number;
}

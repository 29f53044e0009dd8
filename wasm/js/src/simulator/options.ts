import { boolean, count, describe, object, text } from "../check.js";

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
  /** Faults may change the membership. */
  readonly membership: boolean;
  /** Faults may take snapshots. */
  readonly snapshots: boolean;
}

const CALM: SimulationOptions = {
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
  membership: false,
  snapshots: false,
};

const MOST: Partial<Record<keyof SimulationOptions, number>> = {
  servers: 9,
  delayUs: 1_000_000_000,
  faultEveryUs: 1_000_000_000,
  clientEveryUs: 1_000_000_000,
};

/** Names in the order of the module, and the values of a calm world. */
export const OPTION_NAMES = Object.keys(CALM) as (keyof SimulationOptions)[];

/** Takes options from a user. */
export function checkOptions(value: unknown): SimulationOptions {
  const given = object(value, "options");
  for (const name of Object.keys(given)) {
    if (!(name in CALM)) throw new TypeError(`there is no option ${name}`);
  }
  const checked = OPTION_NAMES.map((name) => {
    const one = given[name] ?? (name === "voters" ? (given.servers ?? CALM.servers) : CALM[name]);
    const isFlag = typeof CALM[name] === "boolean";
    return [name, isFlag ? boolean(one, name) : count(one, name, MOST[name] ?? 1_000)];
  });
  const options = Object.fromEntries(checked) as unknown as SimulationOptions;
  for (const name of ["servers", "voters", "burst"] as const) {
    if (options[name] < 1) throw new RangeError(`${name} has to be at least 1`);
  }
  if (options.voters > options.servers) throw new RangeError("there are more voters than servers");
  return options;
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

/** The number of a flaw; one that there is not for none. */
export function flawNumber(flaw: unknown): number {
  if (flaw === undefined) return 0xffff_ffff;
  const number = (FLAWS as readonly string[]).indexOf(text(flaw, "flaw"));
  if (number < 0) throw new RangeError(`there is no flaw ${describe(flaw)} of that name: ${String(flaw)}`);
  return number;
}

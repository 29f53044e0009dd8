import { type ClusterConfig, Log, type ServerState } from "raftbare/simulator";
import { dialLines, type Dials, CALM } from "./dials.js";
import { address, type Flight } from "./flight.js";
import type { Moment } from "./moment.js";

/** How many nodes there may be. */
export const MOST_NODES = 9;

const EVERYBODY = Array.from({ length: MOST_NODES }, (_, at) => at + 1).join(",");

/** A cluster of so many voters that have just been switched on: the first one to lose patience asks for votes. */
export function newCluster(size: number, dials: Partial<Dials> = {}): string[] {
  const ids = Array.from({ length: size }, (_, at) => at + 1).join(",");
  return [
    ...dialLines({ ...CALM, ...dials }),
    `manual ${EVERYBODY}`,
    `restart ${ids} t0 vote - snapshot {} log 0/0[config({${ids}})]`,
  ];
}

/** What to do with one message. */
export const onFlight = {
  deliver: (moment: Moment, flight: Flight): string[] => [`deliver ${named(moment, flight)}`],
  drop: (moment: Moment, flight: Flight): string[] => [`lose ${named(moment, flight)}`],
  duplicate: (moment: Moment, flight: Flight): string[] => [`duplicate ${named(moment, flight)}`],
  hold: (moment: Moment, flight: Flight): string[] => [`hold ${named(moment, flight)}`],
  release: (moment: Moment, flight: Flight): string[] => [`release ${named(moment, flight)}`],
  /** Arrives so much later than it would; what overtakes it comes before. */
  delay: (moment: Moment, flight: Flight, byUs: number): string[] => [
    `#: arrive ${named(moment, flight)} ${Math.max(0, flight.arrivesAt - moment.now) + byUs}`,
  ],
};

function named(moment: Moment, flight: Flight): string {
  return address(moment.flights.values(), flight);
}

/** Takes the power of a node when it has executed so many actions, and has stored so many entries of the next. */
export function crashAfter(id: number, actions: number, entries?: number): string[] {
  const taken = Array.from({ length: actions }, () => `take ${id} 1`);
  return [...taken, entries === undefined ? `crash ${id}` : `tear ${id} ${entries}`];
}

/** The same of a node with asynchronous storage: when so many writes, and so many entries of the next, are made. */
export function crashWithin(id: number, writes: number, entries?: number): string[] {
  const crash = entries === undefined ? `crash ${id}` : `tear ${id} ${entries}`;
  return writes === 0 ? [crash] : [`write ${id} ${writes}`, crash];
}

/** A node comes back from its disk, which has forgotten the last entry. */
export function restartForgetful({ id, disk }: ServerState): string[] {
  const { currentTerm, votedFor, log } = disk;
  const entries = log.entries.clone();
  entries.truncate(entries.length - 1);
  return [`restart ${id} t${currentTerm} vote ${votedFor ?? "-"} ${new Log(log.snapshotConfig, entries)}`];
}

/** Puts nodes into groups that do not hear each other, and nothing else is cut. Who is in no group is alone. */
export function partition(all: readonly number[], groups: readonly (readonly number[])[]): string[] {
  const lines = ["mend"];
  const groupOf = (id: number): number => {
    const at = groups.findIndex((group) => group.includes(id));
    return at < 0 ? -id : at;
  };
  for (const from of all) {
    const others = all.filter((to) => to !== from && groupOf(to) !== groupOf(from));
    if (others.length > 0) lines.push(`cut ${from}->${others.join(",")}`);
  }
  return lines;
}

/** A configuration in the notation: `{1,2}->{2,3}+{4}`. */
export function formatConfig(config: Pick<ClusterConfig, "voters" | "newVoters" | "nonVoters">): string {
  const set = (ids: Iterable<bigint>): string => `{${[...ids].join(",")}}`;
  const [voters, newVoters, nonVoters] = [[...config.voters], [...config.newVoters], [...config.nonVoters]];
  const joint = newVoters.length > 0 ? `->${set(newVoters)}` : "";
  return `${set(voters)}${joint}${nonVoters.length > 0 ? `+${set(nonVoters)}` : ""}`;
}

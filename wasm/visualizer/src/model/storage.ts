import type { ServerState, Write } from "raftbare/simulator";
import { crashWithin } from "../engine/acts.js";

function entries(first: bigint, last: bigint): string {
  return first === last ? `entry ${first}` : `entries ${first} to ${last}`;
}

/** What is on its way to a disk, in words. */
export function writeText(write: Write): string {
  switch (write.type) {
    case "hardState": {
      const vote = write.votedFor === undefined ? "no vote" : `the vote for ${write.votedFor}`;
      return `term ${write.currentTerm}, ${vote}`;
    }
    case "entries": {
      const { prevPosition, lastPosition, isEmpty } = write.entries;
      const from = prevPosition.index + 1n;
      return isEmpty ? `nothing above ${prevPosition.index}` : entries(from, lastPosition.index);
    }
    case "snapshot":
      return `the snapshot up to ${write.position.index}`;
  }
}

/** What a node does not say before its disk reports: it would be a promise that a crash could break. */
export function withheld({ id, node, writes }: ServerState): string[] {
  if (node === undefined) return [];
  const { currentTerm, durableIndex, log } = node;
  const said: string[] = [];
  if (writes.some(({ type }) => type === "hardState")) {
    if (node.votedFor === id) said.push(`its call for votes in term ${currentTerm}`);
    else if (node.votedFor !== undefined) said.push(`its vote for ${node.votedFor} in term ${currentTerm}`);
    else said.push(`whatever it would answer in term ${currentTerm}`);
  }
  const last = log.lastPosition.index;
  if (durableIndex < last) {
    const unstored = entries(durableIndex + 1n, last);
    said.push(node.role === "leader" ? `its own part of a majority for ${unstored}` : `that it has ${unstored}`);
  }
  return said;
}

/** A place where a crash may come, between the writes that wait. */
export interface CrashPlace {
  readonly label: string;
  readonly lines: readonly string[];
}

/** What the disk may have written of what is on its way when the power fails: each first part, or half of an append. */
export function crashPlaces({ id, writes }: ServerState): CrashPlace[] {
  const places: CrashPlace[] = [{ label: "nothing of what is on its way", lines: crashWithin(Number(id), 0) }];
  writes.forEach((write, at) => {
    const half = write.type === "entries" ? Math.floor(Number(write.entries.length) / 2) : 0;
    if (half > 0) {
      const label = `${half} of ${write.type === "entries" && write.entries.length} entries`;
      places.push({ label, lines: crashWithin(Number(id), at, half) });
    }
    const label = at === writes.length - 1 ? "all of it, not reported" : `up to ${writeText(write)}`;
    places.push({ label, lines: crashWithin(Number(id), at + 1) });
  });
  return places;
}

/** By whom a node is refused because it has lost what it had acknowledged. */
export function refusedBy(servers: readonly ServerState[], id: bigint): bigint | undefined {
  return servers.find(({ node }) => node?.role === "leader" && node.lostTails.includes(id))?.id;
}

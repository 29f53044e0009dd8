import type { ClusterConfig, ServerState } from "raftbare/simulator";
import type { Ballot } from "../engine/moment.js";
import { presentLeader } from "./log.js";

/** One set of voters, and who of them has what is asked for. */
export interface Majority {
  readonly name: string;
  readonly voters: readonly number[];
  readonly have: readonly number[];
  readonly needed: number;
}

/** What a majority is wanted for, with both of them in joint consensus. */
export interface Question {
  readonly who: number;
  readonly text: string;
  readonly majorities: readonly Majority[];
}

function majority(name: string, voters: readonly bigint[], have: (id: number) => boolean): Majority {
  const ids = voters.map(Number);
  return { name, voters: ids, have: ids.filter(have), needed: Math.floor(ids.length / 2) + 1 };
}

function majorities(config: ClusterConfig, have: (id: number) => boolean): Majority[] {
  const isJoint = config.isJointConsensus;
  const old = majority(isJoint ? "old voters" : "voters", [...config.voters], have);
  return isJoint ? [old, majority("new voters", [...config.newVoters], have)] : [old];
}

/** What the candidates ask, and the leader. */
export function questions(servers: readonly ServerState[], ballots: ReadonlyMap<number, Ballot>): Question[] {
  const asked: Question[] = [];
  for (const { id, node } of servers) {
    if (node?.role !== "candidate") continue;
    const ballot = ballots.get(Number(id));
    const term = node.isPreCandidate ? node.currentTerm + 1n : node.currentTerm;
    const has = (voter: number): boolean => ballot?.term === term && ballot.from.includes(voter);
    const text = node.isPreCandidate ? `Would vote for ${id} in term ${term}` : `Votes for ${id} in term ${term}`;
    asked.push({ who: Number(id), text, majorities: majorities(node.log.latestConfig, has) });
  }
  const leader = presentLeader(servers);
  if (leader?.node === undefined) return asked;
  const { log, matchIndexes, durableIndex } = leader.node;
  const last = log.lastPosition.index;
  const has = (id: number): boolean => {
    const isStored = leader.disk.log.lastPosition.index >= last && durableIndex >= last;
    return BigInt(id) === leader.id ? isStored : (matchIndexes.get(BigInt(id)) ?? 0n) >= last;
  };
  const text = `Entry ${last} of leader ${leader.id} is stored by`;
  asked.push({ who: Number(leader.id), text, majorities: majorities(log.latestConfig, has) });
  return asked;
}

/** What a node is in the configuration: of the latest in the log of the leader, or of whom knows most. */
export function presentConfig(servers: readonly ServerState[]): ClusterConfig | undefined {
  const known = presentLeader(servers)?.node?.log;
  if (known !== undefined) return known.latestConfig;
  const logs = servers.map(({ node, disk }) => (node ?? disk).log);
  const longest = logs.sort((one, other) => Number(other.lastPosition.index - one.lastPosition.index))[0];
  return longest?.latestConfig;
}

export type Membership = "voter" | "leaving" | "joining" | "non-voter" | "stranger";

export function membership(config: ClusterConfig | undefined, id: bigint): Membership {
  if (config === undefined) return "stranger";
  const [old, joining, non] = [config.voters, config.newVoters, config.nonVoters].map((set) => [...set].includes(id));
  if (!config.isJointConsensus) return old ? "voter" : non ? "non-voter" : "stranger";
  return old && joining ? "voter" : old ? "leaving" : joining ? "joining" : non ? "non-voter" : "stranger";
}

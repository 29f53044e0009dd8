import { describe, ids, object, u64 } from "./check.js";

const NOBODY: readonly bigint[] = Object.freeze([]);

/**
 * The members of a cluster (§6). A value: it never changes.
 *
 * While `newVoters` is empty, a majority of `voters` decides. While it is not, the configuration is *joint*
 * (C_old,new): elections and commits need a majority of `voters` **and** a majority of `newVoters`.
 *
 * ```ts
 * import { ClusterConfig } from "raftbare";
 *
 * const config = new ClusterConfig({ voters: [1n, 2n, 3n], nonVoters: [4n] });
 * config.contains(4n); // true
 * config.isJointConsensus; // false
 * ```
 */
export class ClusterConfig {
  /** The nodes that elect leaders and acknowledge commits (C_old during a change), ascending. */
  readonly voters: readonly bigint[];
  /** The voters to come (C_new), ascending. Empty unless a change is in progress. */
  readonly newVoters: readonly bigint[];
  /** The nodes that get the log and count in no majority, ascending. */
  readonly nonVoters: readonly bigint[];

  /**
   * Makes a configuration of these members, in any order; without any, one of nobody.
   *
   * ```ts
   * new ClusterConfig({ voters: [3n, 1n, 3n] }).voters; // [1n, 3n]
   * ```
   */
  constructor(members: {
    readonly voters?: Iterable<bigint>;
    readonly newVoters?: Iterable<bigint>;
    readonly nonVoters?: Iterable<bigint>;
  } = {}) {
    const { voters, newVoters, nonVoters } = object(members, "members");
    this.voters = sorted(voters, "voters");
    this.newVoters = sorted(newVoters, "newVoters");
    this.nonVoters = sorted(nonVoters, "nonVoters");
    Object.freeze(this);
  }

  /** Whether the node is a voter, a voter to come or a non-voter. */
  contains(id: bigint): boolean {
    u64(id, "id");
    return [this.voters, this.newVoters, this.nonVoters].some((set) => set.includes(id));
  }

  /** Whether this configuration is C_old,new: a change of voters is in progress (§6). */
  get isJointConsensus(): boolean {
    return this.newVoters.length > 0;
  }

  /** All members, ascending, each once. */
  uniqueNodes(): bigint[] {
    return [...sorted([...this.voters, ...this.newVoters, ...this.nonVoters], "members")];
  }

  /**
   * The joint configuration that leads from the present voters to the changed ones (§6), for
   * {@link RaftNode.proposeConfig}.
   *
   * A node that is added and removed is removed. A non-voter that is added becomes a voter. A removed voter leaves
   * the cluster.
   *
   * ```ts
   * const position = leader.proposeConfig(leader.config.toJointConsensus([4n], [1n])); // 4 in place of 1
   * ```
   */
  toJointConsensus(addingVoters: Iterable<bigint>, removingVoters: Iterable<bigint> = []): ClusterConfig {
    const removed = new Set(ids(removingVoters, "removingVoters"));
    const wanted = [...this.voters, ...ids(addingVoters, "addingVoters")];
    const newVoters = new Set(wanted.filter((id) => !removed.has(id)));
    const nonVoters = this.nonVoters.filter((id) => !newVoters.has(id));
    return new ClusterConfig({ voters: this.voters, newVoters, nonVoters });
  }

  /** Whether the two have the same members. */
  equals(other: ClusterConfig): boolean {
    return this.toString() === checkConfig(other, "other").toString();
  }

  /** The configuration in the notation: `{1,2,3}->{2,3,4}+{5}`. */
  toString(): string {
    const joint = this.isJointConsensus ? `->{${this.newVoters.join(",")}}` : "";
    const rest = this.nonVoters.length > 0 ? `+{${this.nonVoters.join(",")}}` : "";
    return `{${this.voters.join(",")}}${joint}${rest}`;
  }
}

function sorted(value: unknown, name: string): readonly bigint[] {
  if (value === undefined) return NOBODY;
  const unique = [...new Set(ids(value, name))];
  return Object.freeze(unique.sort((a, b) => (a < b ? -1 : 1)));
}

/** Takes a configuration from a user. */
export function checkConfig(value: unknown, name: string): ClusterConfig {
  if (!(value instanceof ClusterConfig)) {
    throw new TypeError(`${name} has to be a ClusterConfig, not ${describe(value)}`);
  }
  return value;
}

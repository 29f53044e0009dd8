/**
 * The role of a node (§5.1, figure 4): it answers, it asks for votes, or it proposes.
 *
 * ```ts
 * const interval = node.role === "leader" ? 50 : 300 + 300 * Math.random();
 * ```
 */
export type Role = "follower" | "candidate" | "leader";

/**
 * What has become of a proposed entry; the answer of {@link RaftNode.getCommitStatus}.
 *
 * - `"in-progress"`: not decided yet.
 * - `"committed"`: it stays in the log at this position, for ever and on every node.
 * - `"rejected"`: another entry was committed in its place, so this one never will be.
 * - `"unknown"`: a snapshot stands for this part of the log.
 *
 * ```ts
 * if (node.getCommitStatus(position) === "committed") answer(client);
 * ```
 */
export type CommitStatus = "in-progress" | "committed" | "rejected" | "unknown";

/**
 * How far a read is; the answer of {@link RaftNode.readStatus}.
 *
 * - `pending`: not known yet.
 * - `ready`: it may be answered from a state to which all up to `index` is applied.
 * - `lost`: this node does not lead the term of the read any more: begin a new one at the leader.
 *
 * ```ts
 * const status = node.readStatus(token);
 * if (status.type === "ready" && applied >= status.index) answer(client, state);
 * ```
 */
export type ReadStatus =
  | { readonly type: "pending" }
  | { readonly type: "ready"; readonly index: bigint }
  | { readonly type: "lost" };

/** @internal The words of the module, in their order. */
export const ROLES: readonly Role[] = ["follower", "candidate", "leader"];
/** @internal */
export const COMMIT_STATUSES: readonly CommitStatus[] = ["in-progress", "committed", "rejected", "unknown"];

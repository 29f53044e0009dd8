/// <reference lib="esnext.disposable" preserve="true" />
import { type Action, Actions } from "./action.js";
import { bound } from "./binding.js";
import { count, describe, ids, u64 } from "./check.js";
import { ClusterConfig, checkConfig } from "./config.js";
import { type NodeEvent, readEvent } from "./event.js";
import type { Log } from "./log.js";
import { type Message, checkMessage } from "./message.js";
import { type NodeOptions, rawOptions } from "./options.js";
import { Parts, checkStored } from "./parts.js";
import { type LogPosition, checkPosition } from "./position.js";
import { type ReadToken, makeToken, rawToken } from "./read.js";
import { COMMIT_STATUSES, type CommitStatus, ROLES, type ReadStatus, type Role } from "./status.js";

/** @internal The parts of a node, for the simulator. */
export let partsOf: (node: Node) => Parts;

/**
 * A node of a Raft cluster: a state machine without I/O. Messages, timeouts and proposals go in, and what has to be
 * done about them comes out as {@link Action}s, which you execute. `RaftNode` is the same class: `Node` is also the
 * name of a class of the DOM.
 *
 * Numbers of Raft are bigints. What is out of range or of the wrong type throws a `RangeError` or `TypeError` before
 * anything has changed.
 *
 * ```ts
 * import { Node } from "raftbare";
 *
 * using node = Node.start(1n); // or call free() yourself; garbage collection does it, too, in its own time
 * const position = node.createCluster([1n]);
 * node.drainActions().forEach((action) => { }); // store, send, set the timer
 * node.getCommitStatus(position); // "committed": alone, it is a majority
 * ```
 */
export class Node {
  #parts: Parts | undefined;

  /** Nodes are made by {@link Node.start} and {@link Node.restart}. */
  protected constructor(parts: unknown) {
    if (!(parts instanceof Parts)) throw new TypeError("a node is made by Node.start or Node.restart");
    this.#parts = parts;
  }

  static {
    partsOf = (node) => node.#use();
  }

  /**
   * Makes a new node: a follower in term 0 with an empty log, in no cluster.
   *
   * It joins a cluster when a leader writes to it, or founds one with {@link createCluster}. No action follows. A node
   * that was started before has to come back by {@link Node.restart} instead: it may have voted.
   *
   * ```ts
   * const node = Node.start(1n);
   * node.role; // "follower"
   * ```
   */
  static start(id: bigint): Node {
    return new Node(new Parts(bound(), id));
  }

  /**
   * Makes a node that goes on from what it has stored (figure 2, "persistent state"): a follower whose commit index is
   * that of its snapshot. The rest of the commit index comes from the leader.
   *
   * The term, the vote and the log are what the executed actions have stored, nothing older and nothing newer.
   *
   * ```ts
   * const { currentTerm, votedFor } = decodeHardState(stored.state);
   * const node = Node.restart(1n, currentTerm, votedFor, new Log(stored.snapshotConfig, stored.entries));
   * ```
   */
  static restart(id: bigint, currentTerm: bigint, votedFor: bigint | undefined, log: Log): Node {
    const stored = checkStored(currentTerm, votedFor, log);
    return new Node(new Parts(bound(), id).restart(...stored));
  }

  #use(): Parts {
    if (this.#parts === undefined) throw new Error("this node was freed");
    return this.#parts;
  }

  /**
   * Founds a cluster of these voters, and makes this node a candidate at once (alone: the leader). Done on one node
   * only; the others are started and wait.
   *
   * Returns the position of the configuration's entry, or {@link LogPosition.INVALID} if there are no voters, or this
   * node has log entries, a snapshot or a configuration.
   *
   * ```ts
   * const position = node.createCluster([1n, 2n, 3n]);
   * ```
   */
  createCluster(initialVoters: Iterable<bigint>): LogPosition {
    const config = new ClusterConfig({ voters: ids(initialVoters, "initialVoters") });
    const parts = this.#use();
    parts.put((writer) => writer.config(config));
    return parts.at(parts.raw.createCluster()).position();
  }

  /**
   * Proposes another configuration (§6). With `newVoters` the cluster goes through joint consensus: once that is
   * committed, the leader proposes the final configuration itself.
   *
   * Returns the position of its entry, or {@link LogPosition.INVALID} if this node is not the leader, the voters are
   * not the present ones, a node is both voter and non-voter, or another change is in progress.
   *
   * ```ts
   * const position = leader.proposeConfig(leader.config.toJointConsensus([4n]));
   * ```
   */
  proposeConfig(newConfig: ClusterConfig): LogPosition {
    const config = checkConfig(newConfig, "newConfig");
    const parts = this.#use();
    parts.put((writer) => writer.config(config));
    return parts.at(parts.raw.proposeConfig()).position();
  }

  /**
   * Proposes a command. Keep what it says under the position that is returned; the node knows it by that.
   *
   * Returns {@link LogPosition.INVALID} if this node is not the leader; {@link leaderId} tells who is.
   *
   * ```ts
   * const position = node.proposeCommand();
   * if (LogPosition.isInvalid(position)) redirect(node.leaderId);
   * else commands.set(position.index, "x = 1");
   * ```
   */
  proposeCommand(): LogPosition {
    const parts = this.#use();
    return parts.at(parts.raw.proposeCommand()).position();
  }

  /**
   * Takes a message that has arrived from another node (§5.1, figure 2). It may come late, twice, in any order, from a
   * node outside the cluster, or be forged: what does not fit is dropped, and nothing is lost by it.
   *
   * ```ts
   * node.handleMessage(decodeMessage(bytes));
   * ```
   */
  handleMessage(message: Message): void {
    const checked = checkMessage(message);
    const parts = this.#use();
    parts.put((writer) => writer.message(checked));
    parts.raw.handleMessage();
  }

  /**
   * Takes the end of the time that the action `setElectionTimeout` asked for (§5.2). A follower or candidate starts an
   * election; a leader sends heartbeats. Calling it too often costs needless elections, never safety.
   *
   * ```ts
   * timer = setTimeout(() => { node.handleElectionTimeout(); execute(node); }, 300);
   * ```
   */
  handleElectionTimeout(): void {
    this.#use().raw.handleElectionTimeout();
  }

  /**
   * Takes note that a snapshot is stored: an own one, or one that the leader has sent (§7). It stands for all entries
   * up to its position; store it, with its position and configuration, before.
   *
   * Returns `false`, and nothing has happened, if the position is below that of the present snapshot, or it is not in
   * the log and not above the commit index, or the configuration is not the one there.
   *
   * ```ts
   * const at = node.log.getPositionAndConfig(applied)!;
   * node.handleSnapshotInstalled(at.position, at.config);
   * ```
   */
  handleSnapshotInstalled(lastIncludedPosition: LogPosition, lastIncludedConfig: ClusterConfig): boolean {
    const { term, index } = checkPosition(lastIncludedPosition, "lastIncludedPosition");
    const config = checkConfig(lastIncludedConfig, "lastIncludedConfig");
    const parts = this.#use();
    parts.put((writer) => writer.config(config));
    return parts.raw.handleSnapshotInstalled(term, index);
  }

  /**
   * Changes what this node does beyond the basic algorithm. Options are not stored: set them after each start and
   * restart. No action follows.
   *
   * ```ts
   * node.setOptions({ stableLeadership: { silentTimeouts: 8 } });
   * ```
   */
  setOptions(options: NodeOptions): void {
    const raw = rawOptions(options);
    this.#use().raw.setOptions(...raw);
  }

  /**
   * Takes the report that the log is stored up to a position, durably: the `lastPosition` of the entries of an
   * `appendLogEntries` that was taken. Writes are made and reported in the order in which they were taken; one report
   * may stand for several. Of interest with {@link NodeOptions.asynchronousStorage} only.
   *
   * ```ts
   * write(entries).then(() => { node.handleLogPersisted(entries.lastPosition); execute(node); });
   * ```
   */
  handleLogPersisted(position: LogPosition): void {
    const { term, index } = checkPosition(position, "position");
    this.#use().raw.handleLogPersisted(term, index);
  }

  /**
   * Takes the report that this term and this vote are stored, durably, as they were when `saveCurrentTerm` or
   * `saveVotedFor` was taken. Of interest with {@link NodeOptions.asynchronousStorage} only.
   *
   * ```ts
   * const { currentTerm, votedFor } = node;
   * save(currentTerm, votedFor).then(() => { node.handleHardStatePersisted(currentTerm, votedFor); execute(node); });
   * ```
   */
  handleHardStatePersisted(currentTerm: bigint, votedFor: bigint | undefined): void {
    const term = u64(currentTerm, "currentTerm");
    const vote = votedFor === undefined ? 0n : u64(votedFor, "votedFor");
    this.#use().raw.handleHardStatePersisted(term, votedFor !== undefined, vote);
  }

  /**
   * Begins to hand leadership over to another voter (thesis §3.10). No proposals are taken meanwhile. It ends by itself
   * after {@link NodeOptions.transferTimeouts} of the leader's timeouts, or by {@link abortTransfer}.
   *
   * Returns `false`, and nothing has happened, if this node is not the leader, the target is no other voter, or another
   * transfer is under way.
   *
   * ```ts
   * leader.transferLeadership(2n);
   * ```
   */
  transferLeadership(target: bigint): boolean {
    u64(target, "target");
    return this.#use().raw.transferLeadership(target);
  }

  /** Gives up the transfer that is under way; says whether there was one. There may be an election all the same. */
  abortTransfer(): boolean {
    return this.#use().raw.abortTransfer();
  }

  /** The next thing that has happened, oldest first; `undefined` if none, or without {@link NodeOptions.events}. */
  nextEvent(): NodeEvent | undefined {
    const parts = this.#use();
    return readEvent(parts.at(parts.raw.nextEvent()));
  }

  /**
   * Calls all followers, without entries (§5.2). Returns whether this node is the leader; if not, nothing happens.
   *
   * ```ts
   * node.heartbeat();
   * ```
   */
  heartbeat(): boolean {
    return this.#use().raw.heartbeat();
  }

  /**
   * Begins a linearizable read (§8); `undefined` if this node is not the leader. Then ask {@link readStatus} after each
   * message until it is ready. A hundred reads before the actions are taken cost one message to each follower.
   *
   * ```ts
   * const token = node.readIndex();
   * ```
   */
  readIndex(): ReadToken | undefined {
    const raw = this.#use().raw.readIndex();
    return raw === undefined ? undefined : makeToken(raw);
  }

  /**
   * How far a read is.
   *
   * ```ts
   * const status = node.readStatus(token);
   * if (status.type === "ready" && applied >= status.index) answer(client, state);
   * ```
   */
  readStatus(token: ReadToken): ReadStatus {
    const read = rawToken(token);
    if (read === undefined) throw new TypeError(`token has to be a ReadToken, not ${describe(token)}`);
    const parts = this.#use();
    const wire = parts.at(parts.raw.readStatus(read as never));
    const type = wire.word(["pending", "ready", "lost"] as const);
    return type === "ready" ? { type, index: wire.integer() } : { type };
  }

  /**
   * Takes the actions that wait, in the order that is safe; or the first `most` of them. What is taken has to be
   * executed. Several inputs before the actions are taken are fine, and cheaper: what waits merges.
   *
   * ```ts
   * for (const action of node.drainActions()) execute(node, action);
   * ```
   */
  drainActions(most: number = 0xffff_ffff): Action[] {
    const limit = count(most, "most", 0xffff_ffff);
    const parts = this.#use();
    return parts.at(parts.raw.drain(limit)).actions();
  }

  /**
   * Takes the next action; `undefined` if none waits.
   *
   * ```ts
   * for (let action; (action = node.nextAction()) !== undefined; ) await execute(node, action);
   * ```
   */
  nextAction(): Action | undefined {
    return this.drainActions(1)[0];
  }

  /** The actions that wait, to be looked at. {@link drainActions} takes them. */
  get actions(): Actions {
    const parts = this.#use();
    return new Actions(parts.at(parts.raw.actions()).actions());
  }

  #state() {
    const parts = this.#use();
    const wire = parts.at(parts.raw.state());
    return {
      id: wire.integer(),
      role: wire.word(ROLES),
      currentTerm: wire.integer(),
      votedFor: wire.optional(),
      leaderId: wire.optional(),
      commitIndex: wire.integer(),
      isPreCandidate: wire.boolean(),
      durableIndex: wire.integer(),
      transferTarget: wire.optional(),
    };
  }

  /** The identifier of this node. */
  get id(): bigint {
    return this.#state().id;
  }

  /** The role of this node. */
  get role(): Role {
    return this.#state().role;
  }

  /** The latest term this node has seen; what `saveCurrentTerm` stores. */
  get currentTerm(): bigint {
    return this.#state().currentTerm;
  }

  /**
   * The node that has this node's vote of the current term; what `saveVotedFor` stores. Once the leader of the term has
   * called, it is the leader.
   */
  get votedFor(): bigint | undefined {
    return this.#state().votedFor;
  }

  /** The leader of the current term, as far as this node knows. */
  get leaderId(): bigint | undefined {
    return this.#state().leaderId;
  }

  /** The highest index that this node knows to be committed. All up to there may be applied, in order. */
  get commitIndex(): bigint {
    return this.#state().commitIndex;
  }

  /** How much of this leader's log a node is known to have; `undefined` if this node is no leader or knows no such node. */
  matchIndex(id: bigint): bigint | undefined {
    return this.#member(id).matchIndex;
  }

  #member(id: bigint) {
    u64(id, "id");
    const parts = this.#use();
    const wire = parts.at(parts.raw.member(id));
    return { matchIndex: wire.optional(), hasLostTail: wire.boolean() };
  }

  /** Whether this candidate only asks yet whether it could be elected (thesis §9.6). */
  get isPreCandidate(): boolean {
    return this.#state().isPreCandidate;
  }

  /** Up to where the log is stored: what was taken from the actions, or with asynchronous storage what was reported. */
  get durableIndex(): bigint {
    return this.#state().durableIndex;
  }

  /** To whom this leader is handing over; `undefined` if it is not. */
  get transferTarget(): bigint | undefined {
    return this.#state().transferTarget;
  }

  /** Whether this leader has found that a node lost what it had acknowledged; see {@link NodeOptions.refusesLostTail}. */
  hasLostTail(id: bigint): boolean {
    return this.#member(id).hasLostTail;
  }

  /** A copy of the log: the snapshot's position and configuration, and the entries after it. */
  get log(): Log {
    const parts = this.#use();
    return parts.at(parts.raw.log()).log();
  }

  /** The configuration in force: the last one in the log, committed or not (§6). */
  get config(): ClusterConfig {
    const parts = this.#use();
    return parts.at(parts.raw.config()).config();
  }

  /** All members but this node, ascending; whom a broadcast is for. */
  get peers(): bigint[] {
    const id = this.id;
    return this.config.uniqueNodes().filter((other) => other !== id);
  }

  /**
   * What has become of the entry that was proposed at a position. The answer is never taken back.
   *
   * ```ts
   * if (node.getCommitStatus(position) === "committed") answer(client);
   * ```
   */
  getCommitStatus(position: LogPosition): CommitStatus {
    const { term, index } = checkPosition(position, "position");
    return COMMIT_STATUSES[this.#use().raw.getCommitStatus(term, index)]!;
  }

  /** The node in the notation: `1 leader t1 vote 1 commit 2 snapshot {} log 0/0[config({1}) term(1)]`. */
  toString(): string {
    const { id, role, currentTerm, votedFor, commitIndex } = this.#state();
    return `${id} ${role} t${currentTerm} vote ${votedFor ?? "-"} commit ${commitIndex} ${this.log}`;
  }

  /** Gives the node's memory back. It cannot be used any more; a second call does nothing. */
  free(): void {
    this.#parts?.raw.free();
    this.#parts = undefined;
  }

  /** As {@link free}: `using node = Node.start(1n)` calls it at the end of the block. */
  [Symbol.dispose](): void {
    this.free();
  }
}

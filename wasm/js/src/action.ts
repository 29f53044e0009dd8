import type { LogEntries } from "./entries.js";
import type { Message } from "./message.js";

/**
 * One thing that you have to do for a node. Execute actions in the order in which they come, and what saves before
 * what comes after it: then no promise leaves before it is kept.
 *
 * ```ts
 * import { assertNever, type Action, type RaftNode } from "raftbare";
 *
 * function execute(node: RaftNode, action: Action): void {
 *   switch (action.type) {
 *     case "setElectionTimeout": return restartTimer(node.role);
 *     case "saveCurrentTerm": return saveTerm(node.currentTerm);
 *     case "saveVotedFor": return saveVote(node.votedFor);
 *     case "broadcastMessage": return node.peers.forEach((to) => send(to, action.message));
 *     case "appendLogEntries": return append(action.entries);
 *     case "sendMessage": return send(action.to, action.message);
 *     case "installSnapshot": return sendSnapshot(action.to);
 *     default: return assertNever(action);
 *   }
 * }
 * ```
 */
export type Action =
  | SetElectionTimeout
  | SaveCurrentTerm
  | SaveVotedFor
  | BroadcastMessage
  | AppendLogEntries
  | SendMessage
  | InstallSnapshot;

/**
 * Start the timer anew, whatever it was at; when it fires, call {@link RaftNode.handleElectionTimeout}.
 *
 * The time depends on the role at the moment the action is executed: for a leader the interval of its heartbeats (say
 * 50 ms), for a follower several times that (300 to 600 ms), for a candidate a random time (150 to 300 ms).
 */
export interface SetElectionTimeout {
  readonly type: "setElectionTimeout";
}

/** Store {@link RaftNode.currentTerm}, durably, before the next action. */
export interface SaveCurrentTerm {
  readonly type: "saveCurrentTerm";
}

/** Store {@link RaftNode.votedFor}, durably, before the next action. */
export interface SaveVotedFor {
  readonly type: "saveVotedFor";
}

/** Send the message to every node of {@link RaftNode.peers}. */
export interface BroadcastMessage {
  readonly type: "broadcastMessage";
  readonly message: Message;
}

/**
 * Store the entries, durably, before the next action: drop whatever is stored after `entries.prevPosition`, then
 * append. There is never a gap. The entries may be none: then only the dropping remains.
 */
export interface AppendLogEntries {
  readonly type: "appendLogEntries";
  readonly entries: LogEntries;
}

/** Send the message to this node. The entries of a call may be cut with {@link LogEntries.truncate}. */
export interface SendMessage {
  readonly type: "sendMessage";
  readonly to: bigint;
  readonly message: Message;
}

/**
 * Send a snapshot to this node, whose missing entries are compacted away (§7). When the snapshot is stored there, call
 * {@link RaftNode.handleSnapshotInstalled} there. The action comes again as long as the node needs it.
 */
export interface InstallSnapshot {
  readonly type: "installSnapshot";
  readonly to: bigint;
}

/**
 * A picture of the actions that wait, each kind in its own place. Looking takes nothing:
 * {@link RaftNode.drainActions} takes.
 *
 * ```ts
 * node.actions.setElectionTimeout; // whether the timer is to be restarted
 * node.actions.sendMessages.get(2n); // what waits for node 2
 * ```
 */
export class Actions implements Iterable<Action> {
  readonly #all: readonly Action[];

  /** @internal */
  constructor(all: readonly Action[]) {
    this.#all = all;
  }

  /** Whether {@link SetElectionTimeout} waits. */
  get setElectionTimeout(): boolean {
    return this.#all.some((action) => action.type === "setElectionTimeout");
  }

  /** Whether {@link SaveCurrentTerm} waits. */
  get saveCurrentTerm(): boolean {
    return this.#all.some((action) => action.type === "saveCurrentTerm");
  }

  /** Whether {@link SaveVotedFor} waits. */
  get saveVotedFor(): boolean {
    return this.#all.some((action) => action.type === "saveVotedFor");
  }

  /** The message of the {@link BroadcastMessage} that waits. */
  get broadcastMessage(): Message | undefined {
    return this.#all.find((action) => action.type === "broadcastMessage")?.message;
  }

  /** The entries of the {@link AppendLogEntries} that waits. */
  get appendLogEntries(): LogEntries | undefined {
    return this.#all.find((action) => action.type === "appendLogEntries")?.entries;
  }

  /** The messages that wait, by their receivers. */
  get sendMessages(): ReadonlyMap<bigint, Message> {
    const waiting = this.#all.filter((action) => action.type === "sendMessage");
    return new Map(waiting.map(({ to, message }) => [to, message]));
  }

  /** The nodes for which a snapshot waits. */
  get installSnapshots(): ReadonlySet<bigint> {
    return new Set(this.#all.filter((action) => action.type === "installSnapshot").map(({ to }) => to));
  }

  /** Whether nothing waits. */
  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** The actions in the order in which they will come. */
  [Symbol.iterator](): IterableIterator<Action> {
    return this.#all.values();
  }
}

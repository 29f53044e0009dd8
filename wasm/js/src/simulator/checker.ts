import { describe, object, u64 } from "../check.js";
import { Writer } from "../codec/writer.js";
import { type LogEntries, checkEntries } from "../entries.js";
import { type Log } from "../log.js";
import { type Message, checkMessage } from "../message.js";
import { Node, partsOf } from "../node-class.js";
import { checkStored } from "../parts.js";
import { type LogPosition, checkPosition } from "../position.js";
import { COMMIT_STATUSES, type CommitStatus } from "../status.js";
import { type RawChecker, simulator } from "./binding.js";
import { Handle } from "./handle.js";
import type { Violation } from "./state.js";

/** What a restart would find. */
export interface Stored {
  readonly currentTerm: bigint;
  readonly votedFor: bigint | undefined;
  readonly log: Log;
}

/**
 * Raft's guarantees (figure 3), and what an integration must keep, checked of nodes that you run: put your own store
 * and transport around the `Node` of `raftbare/simulator`, let them fail as you like, and tell the checker what
 * happens. Each check returns what does not hold, or `undefined`.
 *
 * ```ts
 * import { Checker, Node } from "raftbare/simulator";
 *
 * const checker = new Checker();
 * const node = Node.start(1n); // of the simulator: one of "raftbare" lives in another module
 * // Before a message is sent:
 * checker.checkSent(to, message, readWhatIsOnDisk())?.property; // "Persist before send": sent too early
 * // After every input and every action:
 * checker.checkNode(node, readWhatIsOnDisk());
 * ```
 */
export class Checker extends Handle<RawChecker> {
  /** Makes a checker that has seen nothing yet. One is for one cluster, over all its lives. */
  constructor() {
    super(new (simulator().RawChecker)());
  }

  /**
   * Checks a node after one of its steps, and what it has to do with the others: Election Safety, Leader Append-Only,
   * Leader Completeness, State Machine Safety, that terms and commits never go back, and that the store equals the
   * memory once no action waits.
   */
  checkNode(node: Node, stored: Stored): Violation | undefined {
    if (!(node instanceof Node)) throw new TypeError(`node has to be a Node, not ${describe(node)}`);
    const { binding, raw } = partsOf(node);
    if (binding !== simulator()) throw new TypeError("node has to be a Node of raftbare/simulator");
    this.#setStored(stored);
    this.raw.checkNode(raw as never);
    return this.#violation;
  }

  /** Checks a message that is about to leave: what it promises has to be stored; and one vote per term. */
  checkSent(to: bigint, message: Message, stored: Stored): Violation | undefined {
    const checked = checkMessage(message);
    u64(to, "to");
    this.#setStored(stored);
    this.#put((writer) => writer.message(checked));
    this.raw.checkSent(to);
    return this.#violation;
  }

  /**
   * Checks entries that were stored: Log Matching. `commands` are numbers that stand for what the commands say, one for
   * each command among the entries, equal for equal commands.
   */
  checkStored(entries: LogEntries, commands: Iterable<bigint>): Violation | undefined {
    const checked = checkEntries(entries, "entries");
    const numbers = Array.from(commands, (command) => u64(command, "commands[]"));
    let length = 0;
    this.#put((writer) => {
      writer.entries(checked);
      length = writer.length;
      for (const number of numbers) writer.bytes(new Uint8Array(new BigUint64Array([number]).buffer));
    });
    this.raw.checkStored(length);
    return this.#violation;
  }

  /** Checks a state machine after an entry was applied: after the same index all have the same digest. */
  checkApplied(id: bigint, applied: bigint, digest: bigint): Violation | undefined {
    this.raw.checkApplied(u64(id, "id"), u64(applied, "applied"), u64(digest, "digest"));
    return this.#violation;
  }

  /** Checks what a node says of a proposal: it agrees with what is committed, and is never taken back. */
  checkStatus(position: LogPosition, status: CommitStatus): Violation | undefined {
    const { term, index } = checkPosition(position, "position");
    const number = COMMIT_STATUSES.indexOf(status);
    if (number < 0) throw new TypeError(`status has to be one of ${COMMIT_STATUSES.join(", ")}`);
    this.raw.checkStatus(term, index, number);
    return this.#violation;
  }

  /** A node has crashed: what it knew in this life counts no more. */
  noteCrash(id: bigint): void {
    this.raw.noteCrash(u64(id, "id"));
  }

  /** The highest index that any node has known to be committed. */
  get commitIndex(): bigint {
    return this.raw.commitIndex();
  }

  get #violation(): Violation | undefined {
    return this.at(this.raw.violation()).violation();
  }

  #setStored(value: Stored): void {
    const given = object(value, "stored");
    const [currentTerm, votedFor, log] = checkStored(given.currentTerm, given.votedFor, given.log);
    let length = 0;
    this.#put((writer) => {
      writer.config(log.snapshotConfig);
      length = writer.length;
      writer.entries(log.entries);
    });
    this.raw.setStored(currentTerm, votedFor !== undefined, votedFor ?? 0n, length);
  }

  #put(write: (writer: Writer) => void): void {
    const writer = new Writer();
    write(writer);
    this.put(writer.take());
  }
}

import type { Actions } from "../action.js";
import type { ClusterConfig } from "../config.js";
import type { Log } from "../log.js";
import type { Message } from "../message.js";
import type { LogEntries } from "../entries.js";
import type { LogPosition } from "../position.js";
import type { Role } from "../status.js";

/** A guarantee that does not hold. */
export interface Violation {
  /** The name of the property; where the paper has one, the paper's: `"Election Safety"`. */
  readonly property: string;
  /** What was seen. */
  readonly detail: string;
}

/** A node of a simulated server. */
export interface NodeState {
  readonly role: Role;
  /** Whether it is a candidate that only asks yet whether it could be elected. */
  readonly isPreCandidate: boolean;
  readonly currentTerm: bigint;
  readonly votedFor: bigint | undefined;
  readonly leaderId: bigint | undefined;
  readonly commitIndex: bigint;
  /** Up to where its log is stored, as far as it knows: without asynchronous storage, all of it. */
  readonly durableIndex: bigint;
  /** To whom this leader hands over. */
  readonly transferTarget: bigint | undefined;
  readonly log: Log;
  /** What it asks for, and is not executed yet. */
  readonly actions: Actions;
  /** How much of this leader's log each member is known to have. Empty if it is no leader. */
  readonly matchIndexes: ReadonlyMap<bigint, bigint>;
  /** Whom this leader refuses, because entries that were acknowledged to it are gone: by the option `refusesLostTail`. */
  readonly lostTails: readonly bigint[];
}

/** What is on its way to a disk. */
export type Write =
  | { readonly type: "hardState"; readonly currentTerm: bigint; readonly votedFor: bigint | undefined }
  | { readonly type: "entries"; readonly entries: LogEntries }
  | { readonly type: "snapshot"; readonly position: LogPosition; readonly config: ClusterConfig };

/** A simulated server. */
export interface ServerState {
  readonly id: bigint;
  /** Its node; `undefined` while it is down. */
  readonly node: NodeState | undefined;
  /** What it has stored, and would find after a crash. */
  readonly disk: { readonly currentTerm: bigint; readonly votedFor: bigint | undefined; readonly log: Log };
  /** What is on its way there, in order; a crash may lose it. Empty without asynchronous storage. */
  readonly writes: readonly Write[];
  /** Up to where it has applied entries. */
  readonly applied: bigint;
  /** A hash of all commands that it has applied. */
  readonly digest: bigint;
}

/** What is on its way. */
export type Payload =
  | { readonly type: "message"; readonly message: Message }
  | { readonly type: "snapshot"; readonly position: LogPosition; readonly config: ClusterConfig };

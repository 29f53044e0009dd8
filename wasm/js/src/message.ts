import { boolean, object, u64 } from "./check.js";
import { type LogEntries, checkEntries } from "./entries.js";
import { type LogPosition, checkPosition } from "./position.js";

/** What all messages have. */
export interface MessageHeader {
  /** The sender. */
  readonly from: bigint;
  /** The sender's term. */
  readonly term: bigint;
  /** The number of the call; a reply has that of its call. */
  readonly seqno: bigint;
}

/** A candidate asks for a vote (§5.2). */
export interface RequestVoteCall extends MessageHeader {
  readonly type: "requestVoteCall";
  /** Where the candidate's log ends. */
  readonly lastPosition: LogPosition;
}

/** The answer to a {@link RequestVoteCall}. */
export interface RequestVoteReply extends MessageHeader {
  readonly type: "requestVoteReply";
  /** Whether the candidate has the vote. */
  readonly voteGranted: boolean;
}

/** A leader replicates entries, or without any says that it is there (§5.3). */
export interface AppendEntriesCall extends MessageHeader {
  readonly type: "appendEntriesCall";
  /** Up to where the leader knows entries to be committed. */
  readonly commitIndex: bigint;
  /** The entries. What their commands say has to be sent along: see {@link encodeEnvelope}. */
  readonly entries: LogEntries;
}

/** The answer to an {@link AppendEntriesCall}. */
export interface AppendEntriesReply extends MessageHeader {
  readonly type: "appendEntriesReply";
  /** Up to where the follower's log is the leader's. */
  readonly lastPosition: LogPosition;
}

/**
 * What nodes say to each other: calls and replies of Raft's two remote procedures.
 *
 * A message is a plain object. Send it as the bytes of {@link encodeMessage}: these are the same for every language,
 * and `JSON.stringify` knows no `bigint`.
 *
 * ```ts
 * import { decodeMessage, encodeMessage, type Message } from "raftbare";
 *
 * const message: Message = { type: "requestVoteReply", from: 2n, term: 1n, seqno: 9n, voteGranted: true };
 * decodeMessage(encodeMessage(message)); // the same
 * ```
 */
export type Message = RequestVoteCall | RequestVoteReply | AppendEntriesCall | AppendEntriesReply;

/** Takes a message from a user: every part is read once, here, and nothing of it again. */
export function checkMessage(value: unknown): Message {
  const message = object(value, "message");
  const type = message.type;
  const header = {
    from: u64(message.from, "message.from"),
    term: u64(message.term, "message.term"),
    seqno: u64(message.seqno, "message.seqno"),
  };
  switch (type) {
    case "requestVoteCall":
    case "appendEntriesReply":
      return { type, ...header, lastPosition: checkPosition(message.lastPosition, "message.lastPosition") };
    case "requestVoteReply":
      return { type, ...header, voteGranted: boolean(message.voteGranted, "message.voteGranted") };
    case "appendEntriesCall": {
      const commitIndex = u64(message.commitIndex, "message.commitIndex");
      return { type, ...header, commitIndex, entries: checkEntries(message.entries, "message.entries") };
    }
    default:
      throw new TypeError(
        'message.type has to be "requestVoteCall", "requestVoteReply", "appendEntriesCall" or "appendEntriesReply"',
      );
  }
}

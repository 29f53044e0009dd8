/**
 * Raft without I/O: messages and timeouts in, actions out.
 *
 * @packageDocumentation
 */
export { Actions } from "./action.js";
export type {
  Action,
  AppendLogEntries,
  BroadcastMessage,
  InstallSnapshot,
  SaveCurrentTerm,
  SaveVotedFor,
  SendMessage,
  SetElectionTimeout,
} from "./action.js";
export { assertNever } from "./check.js";
export {
  type HardState,
  decodeConfig,
  decodeEntries,
  decodeEnvelope,
  decodeHardState,
  decodeMessage,
  encodeConfig,
  encodeEntries,
  encodeEnvelope,
  encodeHardState,
  encodeMessage,
} from "./codec.js";
export { DecodeError } from "./codec/error.js";
export type { Limits } from "./codec/reader.js";
export { ClusterConfig } from "./config.js";
export { LogEntries, type LogEntry } from "./entries.js";
export type { NodeEvent, StepDown, TransferOutcome } from "./event.js";
export { Log } from "./log.js";
export type {
  AppendEntriesCall,
  AppendEntriesReply,
  Message,
  MessageHeader,
  RequestVoteCall,
  RequestVoteReply,
} from "./message.js";
export { Node, Node as RaftNode } from "./node-class.js";
export { formatAction, formatEntry, formatMessage } from "./notation.js";
export type { NodeOptions } from "./options.js";
export { LogPosition, formatPosition } from "./position.js";
export { ReadToken } from "./read.js";
export type { CommitStatus, ReadStatus, Role } from "./status.js";

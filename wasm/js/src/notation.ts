import { assertNever } from "./check.js";
import type { Action } from "./action.js";
import type { LogEntry } from "./entries.js";
import type { Message } from "./message.js";
import { formatPosition } from "./position.js";

/**
 * An entry in the notation.
 *
 * ```ts
 * formatEntry({ type: "term", term: 4n }); // "term(4)"
 * ```
 */
export function formatEntry(entry: LogEntry): string {
  switch (entry.type) {
    case "term":
      return `term(${entry.term})`;
    case "clusterConfig":
      return `config(${entry.config})`;
    case "command":
      return "cmd";
    default:
      return assertNever(entry);
  }
}

/**
 * A message in the notation.
 *
 * ```ts
 * formatMessage({ type: "requestVoteReply", from: 2n, term: 1n, seqno: 9n, voteGranted: true });
 * // "2 t1 #9 RequestVoteReply granted"
 * ```
 */
export function formatMessage(message: Message): string {
  const header = `${message.from} t${message.term} #${message.seqno}`;
  switch (message.type) {
    case "requestVoteCall":
      return `${header} RequestVoteCall last ${formatPosition(message.lastPosition)}`;
    case "requestVoteReply":
      return `${header} RequestVoteReply ${message.voteGranted ? "granted" : "refused"}`;
    case "appendEntriesCall":
      return `${header} AppendEntriesCall commit ${message.commitIndex} prev ${message.entries}`;
    case "appendEntriesReply":
      return `${header} AppendEntriesReply last ${formatPosition(message.lastPosition)}`;
    default:
      return assertNever(message);
  }
}

/**
 * An action in the notation.
 *
 * ```ts
 * node.drainActions().map(formatAction); // ["SetElectionTimeout", "SaveCurrentTerm", …]
 * ```
 */
export function formatAction(action: Action): string {
  switch (action.type) {
    case "setElectionTimeout":
      return "SetElectionTimeout";
    case "saveCurrentTerm":
      return "SaveCurrentTerm";
    case "saveVotedFor":
      return "SaveVotedFor";
    case "broadcastMessage":
      return `BroadcastMessage ${formatMessage(action.message)}`;
    case "appendLogEntries":
      return `AppendLogEntries ${action.entries}`;
    case "sendMessage":
      return `SendMessage ${action.to} ${formatMessage(action.message)}`;
    case "installSnapshot":
      return `InstallSnapshot ${action.to}`;
    default:
      return assertNever(action);
  }
}

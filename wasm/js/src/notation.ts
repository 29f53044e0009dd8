import { assertNever } from "./check.js";
import type { Action } from "./action.js";
import type { LogEntry } from "./entries.js";
import type { Message, RequestVoteCall, RequestVoteReply } from "./message.js";
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
      return `${voteHeader(message)}Call last ${formatPosition(message.lastPosition)}`;
    case "requestVoteReply":
      return `${voteHeader(message)}Reply ${message.voteGranted ? "granted" : "refused"}`;
    case "appendEntriesCall":
      return `${header} AppendEntriesCall commit ${message.commitIndex} prev ${message.entries}`;
    case "appendEntriesReply":
      return `${header} AppendEntriesReply last ${formatPosition(message.lastPosition)}`;
    default:
      return assertNever(message);
  }
}

/** Above so many bits of the number of a call for votes stands its kind; then the name tells it. */
const COUNTER_BITS = 50n;
const KINDS = ["RequestVote", "PreVote", "TransferVote", "CampaignNow"] as const;

function voteHeader({ from, term, seqno }: RequestVoteCall | RequestVoteReply): string {
  const kind = Number(seqno >> COUNTER_BITS);
  const isKnown = kind < KINDS.length;
  const number = isKnown ? BigInt.asUintN(Number(COUNTER_BITS), seqno) : seqno;
  return `${from} t${term} #${number} ${KINDS[isKnown ? kind : 0]}`;
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

import type { Action, Payload, Role } from "raftbare/simulator";
import { isPreVote, topicOf } from "../engine/flight.js";

/** Simulated time: `1.234 s`. */
export function seconds(us: number): string {
  return `${(us / 1e6).toFixed(3)} s`;
}

/** What a node is: a pre-candidate is a candidate that raises no term yet. */
export function roleName(node: { readonly role: Role; readonly isPreCandidate: boolean } | undefined): string {
  if (node === undefined) return "down";
  return node.isPreCandidate ? "pre-candidate" : node.role;
}

export type FlightKind = "vote-call" | "vote-reply" | "heartbeat" | "append" | "reply" | "snapshot";

export function flightKind(payload: Payload): FlightKind {
  if (payload.type === "snapshot") return "snapshot";
  const { message } = payload;
  switch (message.type) {
    case "requestVoteCall":
      return "vote-call";
    case "requestVoteReply":
      return "vote-reply";
    case "appendEntriesCall":
      return message.entries.isEmpty ? "heartbeat" : "append";
    case "appendEntriesReply":
      return "reply";
  }
}

/** What a message says. */
export function payloadText(payload: Payload): string {
  if (payload.type === "snapshot")
    return `Here is my snapshot, up to ${payload.position.term}/${payload.position.index}.`;
  const { message } = payload;
  switch (message.type) {
    case "requestVoteCall": {
      const { term, index } = message.lastPosition;
      if (topicOf(message) === "CampaignNow")
        return "You have all of my log. Stand for election now: I hand over to you.";
      if (isPreVote(message))
        return `Would you vote for me in term ${message.term}? My log ends at ${term}/${index}. Nothing changes by this.`;
      return `I stand in term ${message.term}; my log ends at ${term}/${index}. Will you vote for me?`;
    }
    case "requestVoteReply":
      if (isPreVote(message))
        return message.voteGranted
          ? `I would vote for you in term ${message.term}.`
          : `I would not: I am in term ${message.term}.`;
      return message.voteGranted
        ? `You have my vote of term ${message.term}.`
        : `Not my vote: I am in term ${message.term}.`;
    case "appendEntriesCall": {
      const { entries } = message;
      const { term, index } = entries.prevPosition;
      const what = entries.isEmpty
        ? "I lead"
        : `Take ${entries.length} ${entries.length === 1 ? "entry" : "entries"} after ${term}/${index}`;
      return `${what} in term ${message.term}; all up to ${message.commitIndex} is committed.`;
    }
    case "appendEntriesReply":
      return `My log agrees with yours up to ${message.lastPosition.term}/${message.lastPosition.index}.`;
  }
}

/** What the library asks for, in plain words. */
export function actionWords(name: string): string {
  switch (name.split(" ")[0]) {
    case "SetElectionTimeout":
      return "start the timer anew";
    case "SaveCurrentTerm":
      return "store the term";
    case "SaveVotedFor":
      return "store the vote";
    case "BroadcastMessage":
      return "send to all others";
    case "AppendLogEntries":
      return "store entries";
    case "SendMessage":
      return `send to ${name.split(" ")[1]}`;
    case "InstallSnapshot":
      return `send a snapshot to ${name.split(" ")[1]}`;
    default:
      return "";
  }
}

/** Whether an action has to be durable before the next one. */
export function isStoring(action: Action): boolean {
  return action.type === "saveCurrentTerm" || action.type === "saveVotedFor" || action.type === "appendLogEntries";
}

/** A place where a crash may come, between the actions that wait. */
export interface CrashChoice {
  readonly label: string;
  /** How many actions are executed before. */
  readonly actions: number;
  /** How many entries of the append after these are stored. */
  readonly entries: number | undefined;
}

const STORED: Partial<Record<Action["type"], string>> = {
  saveCurrentTerm: "the term",
  saveVotedFor: "the vote",
};

/** What the disk may hold of what waits: nothing, or up to each thing that is stored, or a part of an append. */
export function crashChoices(actions: readonly Action[]): CrashChoice[] {
  const choices: CrashChoice[] = [{ label: "nothing more", actions: 0, entries: undefined }];
  actions.forEach((action, at) => {
    const stored = STORED[action.type];
    if (stored !== undefined) choices.push({ label: `up to ${stored}`, actions: at + 1, entries: undefined });
    if (action.type !== "appendLogEntries") return;
    const count = Number(action.entries.length);
    for (const part of parts(count)) {
      choices.push({ label: `${part} of ${count} entries`, actions: at, entries: part });
    }
    choices.push({ label: `all ${count} entries`, actions: at + 1, entries: undefined });
  });
  const all = actions.length;
  if (all > 0 && choices.at(-1)!.actions < all)
    choices.push({ label: "all, and the answers are sent", actions: all, entries: undefined });
  return choices;
}

/** One, half, all but one. */
function parts(count: number): number[] {
  return [...new Set([1, Math.floor(count / 2), count - 1])].filter((part) => part > 0 && part < count);
}

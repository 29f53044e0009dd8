import { type Action, assertNever } from "raftbare";

export function describe(action: Action): string {
  switch (action.type) {
    case "setElectionTimeout":
    case "saveCurrentTerm":
    case "saveVotedFor":
    case "broadcastMessage":
    case "appendLogEntries":
    case "sendMessage":
      return action.type;
    default:
      return assertNever(action); // installSnapshot is missing
  }
}

// Every line below the imports is a mistake.
import { type Action, type Message, ClusterConfig, Node } from "raftbare";
Node.start(1);
new Node();
Node.start(1n).handleMessage({ type: "requestVoteReply", from: 2n, term: 1n, seqno: 1n });
export const later = (message: Message) => message.voteGranted;
export const change = (message: Message) => { message.term = 2n; };
export const write = (config: ClusterConfig) => config.voters.push(1n);
export const typo = (action: Action) => action.type === "saveTerm";

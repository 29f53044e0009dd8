// Compiles in strict mode, with nodenext and with a bundler's resolution, and uses what is exported.
import {
  type Action,
  type CommitStatus,
  type LogEntry,
  type Message,
  type ReadStatus,
  type Role,
  ClusterConfig,
  Log,
  LogEntries,
  LogPosition,
  Node,
  RaftNode,
  assertNever,
  decodeMessage,
  encodeMessage,
} from "raftbare";
import { Node as InlineNode } from "raftbare/inline";
import { Node as DevNode } from "raftbare/dev";
import { Node as InitNode, init, initSync } from "raftbare/init";
import { Checker, Node as SimulatedNode, ScriptWorld, Simulation, type Violation } from "raftbare/simulator";

export function describe(action: Action): string {
  switch (action.type) {
    case "setElectionTimeout":
      return "timer";
    case "saveCurrentTerm":
      return "term";
    case "saveVotedFor":
      return "vote";
    case "broadcastMessage":
      return message(action.message);
    case "appendLogEntries":
      return `${action.entries.length}`;
    case "sendMessage":
      return `${action.to} ${message(action.message)}`;
    case "installSnapshot":
      return `${action.to}`;
    default:
      return assertNever(action);
  }
}

function message(message: Message): string {
  switch (message.type) {
    case "requestVoteCall":
      return `${message.lastPosition.index}`;
    case "requestVoteReply":
      return `${message.voteGranted}`;
    case "appendEntriesCall":
      return `${message.commitIndex} ${[...message.entries].map(entry).join()}`;
    case "appendEntriesReply":
      return `${message.lastPosition.term}`;
    default:
      return assertNever(message);
  }
}

function entry(entry: LogEntry): string {
  switch (entry.type) {
    case "term":
      return `${entry.term + 1n}`;
    case "clusterConfig":
      return entry.config.voters.join();
    case "command":
      return "";
    default:
      return assertNever(entry);
  }
}

const node: RaftNode = Node.start(1n);
const position: LogPosition = node.createCluster(new Set([1n, 2n]));
const role: Role = node.role;
const status: CommitStatus = node.getCommitStatus(position);
const token = node.readIndex();
const read: ReadStatus | undefined = token && node.readStatus(token);
const restarted = Node.restart(1n, node.currentTerm, node.votedFor, new Log(new ClusterConfig(), new LogEntries(LogPosition.ZERO)));
restarted.handleMessage(decodeMessage(encodeMessage({ type: "requestVoteReply", from: 2n, term: 1n, seqno: 1n, voteGranted: true })));
const violation: Violation | undefined = new Simulation(1n, { loss: 10 }).run(10);
const same: SimulatedNode = SimulatedNode.start(1n);
new Checker().checkNode(same, { currentTerm: 0n, votedFor: undefined, log: same.log });
export const all = [role, status, read, violation, InlineNode, DevNode, InitNode, init, initSync, ScriptWorld.play("").text];

{
  using scoped = Node.start(2n);
  scoped.drainActions();
}

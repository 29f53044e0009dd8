import { Node, encodeMessage } from "raftbare";

const node = Node.start(1n);
node.createCluster([1n, 2n]);
const action = node.drainActions().find((action) => action.type === "broadcastMessage");
postMessage([...encodeMessage(action.message)]);

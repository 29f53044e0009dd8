import { Node } from "raftbare";
import { Node as InlineNode } from "raftbare/inline";
import { Simulation } from "raftbare/simulator";

function lead(Node) {
  const node = Node.start(1n);
  node.createCluster([1n]);
  node.drainActions();
  return node.role;
}

const roles = [lead(Node), lead(InlineNode)];
const hash = (() => {
  const world = Simulation.rough(3n);
  world.run(2_000);
  return `${world.traceHash}`;
})();

const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
worker.onmessage = ({ data }) => {
  globalThis.result = { roles, hash, worker: data };
};

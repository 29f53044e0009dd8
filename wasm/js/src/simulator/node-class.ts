import type { Log } from "../log.js";
import { Node } from "../node-class.js";
import { Parts, checkStored } from "../parts.js";
import { simulator } from "./binding.js";

/** The same {@link Node}, in the simulator's module: there the {@link Checker} can see it. */
export class SimulatorNode extends Node {
  /** As `Node.start` of `raftbare`. */
  static override start(id: bigint): SimulatorNode {
    return new SimulatorNode(new Parts(simulator(), id));
  }

  /** As `Node.restart` of `raftbare`. */
  static override restart(
    id: bigint,
    currentTerm: bigint,
    votedFor: bigint | undefined,
    log: Log,
  ): SimulatorNode {
    const stored = checkStored(currentTerm, votedFor, log);
    return new SimulatorNode(new Parts(simulator(), id).restart(...stored));
  }
}

/**
 * The simulator of Raft clusters, its checker, and the same API as `raftbare`.
 *
 * @packageDocumentation
 */
export * from "../api.js";
export { Checker, type Stored } from "./checker.js";
export { SimulatorNode as Node, SimulatorNode as RaftNode } from "./node-class.js";
export {
  parseAction,
  parseConfig,
  parseEntries,
  parseLog,
  parseMessage,
  parsePosition,
} from "./notation.js";
export { FLAWS, type Flaw, LATE_FLAWS, type LateFlaw, type SimulationOptions } from "./options.js";
export {
  type Failure,
  type Flying,
  type Outline,
  type Played,
  type Recorded,
  ScriptWorld,
  type ServerOutline,
} from "./script.js";
export { type Counts, type PendingEvent, type Rough, Simulation } from "./simulation.js";
export type { NodeState, Payload, ServerState, Violation, Write } from "./state.js";

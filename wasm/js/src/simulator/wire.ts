import { Actions } from "../action.js";
import { ROLES } from "../status.js";
import { Wire } from "../wire.js";
import type { NodeState, Payload, ServerState, Violation } from "./state.js";

/** Reads what the simulator's classes hand over; see `wasm/src/simulator/parts.rs`. */
export class SimulatorWire extends Wire {
  violation(): Violation | undefined {
    return this.boolean() ? { property: this.text(), detail: this.text() } : undefined;
  }

  server(): ServerState {
    return {
      id: this.integer(),
      node: this.boolean() ? this.#node() : undefined,
      disk: { currentTerm: this.integer(), votedFor: this.optional(), log: this.log() },
      applied: this.integer(),
      digest: this.integer(),
    };
  }

  #node(): NodeState {
    return {
      role: this.word(ROLES),
      currentTerm: this.integer(),
      votedFor: this.optional(),
      leaderId: this.optional(),
      commitIndex: this.integer(),
      log: this.log(),
      actions: new Actions(this.actions()),
      matchIndexes: new Map(this.list(() => [this.integer(), this.integer()] as const)),
    };
  }

  payload(): Payload | undefined {
    switch (this.byte()) {
      case 1:
        return { type: "message", message: this.message() };
      case 2:
        return { type: "snapshot", position: this.position(), config: this.config() };
      default:
        return undefined;
    }
  }
}

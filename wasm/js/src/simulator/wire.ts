import { type Action, Actions } from "../action.js";
import { ROLES } from "../status.js";
import { Wire } from "../wire.js";
import type { Flying, Recorded, ServerOutline } from "./script.js";
import type { NodeState, Payload, ServerState, Violation, Write } from "./state.js";

/** The kinds of actions as {@link Wire.action} numbers them, and none. */
const ACTION_TYPES: readonly (Action["type"] | undefined)[] = [
  "setElectionTimeout",
  "saveCurrentTerm",
  "saveVotedFor",
  "broadcastMessage",
  "appendLogEntries",
  "sendMessage",
  "installSnapshot",
  undefined,
];

/** What a node can do in a recording, as the module numbers it. */
const DEEDS = ["start", "crash", "timeout", "propose", "send", "receive", "drop", "note"] as const;

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
      writes: this.list(() => this.#write()),
      applied: this.integer(),
      digest: this.integer(),
    };
  }

  #write(): Write {
    switch (this.byte()) {
      case 0:
        return { type: "hardState", currentTerm: this.integer(), votedFor: this.optional() };
      case 1:
        return { type: "entries", entries: this.entries() };
      default:
        return { type: "snapshot", position: this.position(), config: this.config() };
    }
  }

  #node(): NodeState {
    return {
      role: this.word(ROLES),
      isPreCandidate: this.boolean(),
      currentTerm: this.integer(),
      votedFor: this.optional(),
      leaderId: this.optional(),
      commitIndex: this.integer(),
      durableIndex: this.integer(),
      transferTarget: this.optional(),
      log: this.log(),
      actions: new Actions(this.actions()),
      matchIndexes: new Map(this.list(() => [this.integer(), this.integer()] as const)),
      lostTails: this.list(() => this.integer()),
    };
  }

  serverOutline(): ServerOutline {
    return { id: this.integer(), node: this.boolean() ? this.#nodeOutline() : undefined };
  }

  #nodeOutline(): NonNullable<ServerOutline["node"]> {
    return {
      role: this.word(ROLES),
      isPreCandidate: this.boolean(),
      currentTerm: this.integer(),
      votedFor: this.optional(),
      leaderId: this.optional(),
      commitIndex: this.integer(),
      next: this.word(ACTION_TYPES),
      isAsynchronous: this.boolean(),
      waitingWrites: Number(this.integer()),
      lostTails: this.list(() => this.integer()),
    };
  }

  flying(): Flying {
    return {
      number: this.integer(),
      from: this.integer(),
      to: this.integer(),
      text: this.text(),
      payload: this.payload()!,
    };
  }

  recorded(): Recorded {
    return { node: this.integer(), did: this.word(DEEDS), to: this.optional(), text: this.text() };
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

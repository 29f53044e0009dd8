import type { Action } from "../action.js";
import { text as checkText } from "../check.js";
import type { ClusterConfig } from "../config.js";
import type { LogEntries } from "../entries.js";
import type { Log } from "../log.js";
import type { Message } from "../message.js";
import type { LogPosition } from "../position.js";
import { type RawNotation, simulator } from "./binding.js";
import { Handle } from "./handle.js";
import type { SimulatorWire } from "./wire.js";

class Notation extends Handle<RawNotation> {
  parse<T>(text: string, at: (raw: RawNotation) => number, read: (wire: SimulatorWire) => T): T {
    this.put(new TextEncoder().encode(checkText(text, "text")));
    const wire = this.at(at(this.raw));
    if (!wire.boolean()) throw new SyntaxError(wire.text());
    return read(wire);
  }
}

function parse<T>(text: string, at: (raw: RawNotation) => number, read: (wire: SimulatorWire) => T): T {
  const notation = new Notation(new (simulator().RawNotation)());
  try {
    return notation.parse(text, at, read);
  } finally {
    notation.free();
  }
}

/**
 * Reads a message in the notation. These functions throw a `SyntaxError` if there is none.
 *
 * ```ts
 * parseMessage("2 t1 #9 RequestVoteReply granted").type; // "requestVoteReply"
 * ```
 */
export function parseMessage(text: string): Message {
  return parse(text, (raw) => raw.message(), (wire) => wire.message());
}

/** Reads an action: `SendMessage 2 1 t3 #7 RequestVoteReply granted`. */
export function parseAction(text: string): Action {
  return parse(text, (raw) => raw.action(), (wire) => wire.action()!);
}

/** Reads entries: `3/16[cmd term(4) cmd*2]`. */
export function parseEntries(text: string): LogEntries {
  return parse(text, (raw) => raw.entries(), (wire) => wire.entries());
}

/** Reads a configuration: `{1,2,3}->{2,3,4}+{5}`. */
export function parseConfig(text: string): ClusterConfig {
  return parse(text, (raw) => raw.config(), (wire) => wire.config());
}

/** Reads a position: `3/17` or `invalid`. */
export function parsePosition(text: string): LogPosition {
  return parse(text, (raw) => raw.position(), (wire) => wire.position());
}

/** Reads a log: `snapshot {} log 0/0[config({1,2}) term(1)]`. */
export function parseLog(text: string): Log {
  return parse(text, (raw) => raw.log(), (wire) => wire.log());
}

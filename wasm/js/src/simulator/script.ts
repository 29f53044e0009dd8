import type { Action } from "../action.js";
import { text, u64 } from "../check.js";
import { type LogPosition, checkPosition } from "../position.js";
import { COMMIT_STATUSES, type CommitStatus, type Role } from "../status.js";
import { type RawScriptWorld, simulator } from "./binding.js";
import { Handle } from "./handle.js";
import type { Payload, ServerState, Violation } from "./state.js";
import type { SimulatorWire } from "./wire.js";

/** A guarantee or an expectation that does not hold in a script. */
export interface Failure {
  /** The number of the line, from 1. */
  readonly line: number;
  /** What does not hold. */
  readonly violation: Violation;
}

/** A message or snapshot on its way in a {@link ScriptWorld}. */
export interface Flying {
  /** Its place among all that were ever on their way in this world, from 1n. A copy has its own. */
  readonly number: bigint;
  readonly from: bigint;
  readonly to: bigint;
  /** It in the notation: `2 < 1 t1 #1 RequestVoteCall last 0/1`. */
  readonly text: string;
  readonly payload: Payload;
}

/** The small things of all servers, and what is on its way: cheap enough to be asked for after every line. */
export interface Outline {
  readonly servers: readonly ServerOutline[];
  /** The numbers of what is on its way, oldest first. */
  readonly inFlight: readonly bigint[];
  /** The numbers of what is held, oldest first. */
  readonly held: readonly bigint[];
  /** What is on its way and has a number above that which was asked for. */
  readonly sent: readonly Flying[];
}

/** The small things of a server. */
export interface ServerOutline {
  readonly id: bigint;
  /** Those of its node; `undefined` while it is down. */
  readonly node:
    | {
        readonly role: Role;
        /** Whether it is a candidate that only asks yet whether it could be elected. */
        readonly isPreCandidate: boolean;
        readonly currentTerm: bigint;
        readonly votedFor: bigint | undefined;
        readonly leaderId: bigint | undefined;
        readonly commitIndex: bigint;
        /** The kind of the action that is to be executed next, if any waits. */
        readonly next: Action["type"] | undefined;
        /** Whether the node goes on while its disk is at work: `options ID asynchronous`. */
        readonly isAsynchronous: boolean;
        /** How many writes are on their way to its disk. */
        readonly waitingWrites: number;
        /** Whom this leader refuses, as entries that were acknowledged to it are gone. */
        readonly lostTails: readonly bigint[];
      }
    | undefined;
}

/** Something that a node did: what a line of a recording is made of. */
export interface Recorded {
  /** Who did it. Of a message that is lost on its way, the sender. */
  readonly node: bigint;
  readonly did: "start" | "crash" | "timeout" | "propose" | "send" | "receive" | "drop" | "note";
  /** Whom a message is for, where that is not `node`. */
  readonly to: bigint | undefined;
  /** The message in the notation, `snapshot 1/6 {1,2}`, or what is to be said of all else. */
  readonly text: string;
}

/** What happened when lines were played. */
export interface Played {
  /** What happened, a line each, in the notation. */
  readonly events: readonly string[];
  /** What the nodes did. */
  readonly recorded: readonly Recorded[];
  /** What does not hold, if anything. */
  readonly failure: Failure | undefined;
}

/**
 * A world in which only that happens what a script says: no clock, no chance. The verbs are those of the scenarios of
 * the Rust crate (`raftbare_sim::script`): `start`, `found`, `timeout`, `propose`, `deliver`, `lose`, `hold`, `crash`,
 * `manual`, `take`, `options`, `show`, `expect` and others.
 *
 * ```ts
 * import { ScriptWorld } from "raftbare/simulator";
 *
 * const world = new ScriptWorld();
 * world.step("start 1,2,3");
 * world.step("found 1 {1,2,3}").events; // ["1: SetElectionTimeout; SaveCurrentTerm; …", …]
 * world.step("settle");
 * world.step("expect 1 leader").failure; // undefined: it is so
 * ```
 */
export class ScriptWorld extends Handle<RawScriptWorld> {
  /** Makes a world without a server. */
  constructor() {
    super(new (simulator().RawScriptWorld)());
  }

  /**
   * Plays a whole script in a new world. The text of the result is the script with what happened under each verb: what
   * a scenario file holds.
   *
   * ```ts
   * ScriptWorld.play("start 1\nfound 1 {1}\nexpect 1 leader commit 2").failure; // undefined
   * ```
   */
  static play(script: string): { readonly text: string; readonly failure: Failure | undefined } {
    const world = new ScriptWorld();
    try {
      world.put(new TextEncoder().encode(text(script, "script")));
      const { events, failure } = played(world.at(world.raw.play()));
      return { text: events.join(""), failure };
    } finally {
      world.free();
    }
  }

  /** A world that goes on the same. */
  clone(): ScriptWorld {
    const world = new ScriptWorld();
    world.replace(this.raw.duplicate());
    return world;
  }

  /** Plays a line, or some. Throws a `SyntaxError`, and nothing has happened, if they are no script. */
  step(lines: string): Played {
    this.put(new TextEncoder().encode(text(lines, "lines")));
    return played(this.at(this.raw.step()));
  }

  /** The servers that were ever started, in the order of their identifiers. */
  get servers(): ServerState[] {
    const wire = this.at(this.raw.servers());
    return wire.list(() => wire.server());
  }

  /** What is on its way, oldest first. */
  get inFlight(): Flying[] {
    return this.#mail().inFlight;
  }

  /** What is held until `release`, oldest first. */
  get held(): Flying[] {
    return this.#mail().held;
  }

  #mail(): { inFlight: Flying[]; held: Flying[] } {
    const wire = this.at(this.raw.mail());
    return { inFlight: wire.list(() => wire.flying()), held: wire.list(() => wire.flying()) };
  }

  /**
   * The small things of all servers, and what is on its way. The newest number seen so far says what of the latter is
   * to be told in full.
   *
   * ```ts
   * const world = new ScriptWorld();
   * world.step("start 1,2\nfound 1 {1,2}");
   * world.outline().sent.map((flying) => flying.text); // ["2 < 1 t1 #1 RequestVoteCall last 0/1"]
   * world.outline(1n).sent; // []
   * ```
   */
  outline(after = 0n): Outline {
    const wire = this.at(this.raw.outline(u64(after, "after")));
    return {
      servers: wire.list(() => wire.serverOutline()),
      inFlight: wire.list(() => wire.integer()),
      held: wire.list(() => wire.integer()),
      sent: wire.list(() => wire.flying()),
    };
  }

  /** One of the {@link servers}; `undefined` if it was never started. */
  server(id: bigint): ServerState | undefined {
    const wire = this.at(this.raw.server(u64(id, "id")));
    return wire.list(() => wire.server())[0];
  }

  /** What a node says of a proposal; `"unknown"` while it is down. Nothing happens by being asked. */
  getCommitStatus(id: bigint, position: LogPosition): CommitStatus {
    const { term, index } = checkPosition(position, "position");
    return COMMIT_STATUSES[this.raw.getCommitStatus(u64(id, "id"), term, index)]!;
  }

  /** Whether what is sent over a link is lost: by `cut`, until `mend`. */
  isCut(from: bigint, to: bigint): boolean {
    return this.raw.isCut(u64(from, "from"), u64(to, "to"));
  }
}

function played(wire: SimulatorWire): Played {
  if (wire.boolean()) throw new SyntaxError(`line ${wire.integer()}: ${wire.text()}`);
  const line = Number(wire.integer());
  const violation = wire.violation();
  const failure = violation === undefined ? undefined : { line, violation };
  return { events: wire.list(() => wire.text()), recorded: wire.list(() => wire.recorded()), failure };
}

import { boolean, count, object, u64 } from "../check.js";
import type { LogPosition } from "../position.js";
import { type RawSimulation, simulator } from "./binding.js";
import { Handle } from "./handle.js";
import {
  type Flaw,
  type LateFlaw,
  type SimulationOptions,
  flawNumber,
  rawSimulationOptions,
  readSimulationOptions,
} from "./options.js";
import type { Payload, ServerState, Violation } from "./state.js";

/** What has happened in a simulation so far. */
export interface Counts {
  /** Events, each checked. */
  readonly steps: bigint;
  /** Messages and snapshots that were sent. */
  readonly messages: bigint;
  /** Crashes of servers. */
  readonly crashes: bigint;
  /** Faults of all kinds. */
  readonly faults: bigint;
  /** Elections won. */
  readonly elections: bigint;
  /** Snapshots taken or received. */
  readonly snapshots: bigint;
  /** Changes of the configuration that were proposed. */
  readonly configChanges: bigint;
  /** Reads that were answered. */
  readonly reads: bigint;
  /** Transfers of leadership that were begun by a fault. */
  readonly transfers: bigint;
  /** Transfers that nodes have told to be done, which takes the option `events`. */
  readonly handovers: bigint;
}

/** Something that is about to happen in a simulation. */
export interface PendingEvent {
  /** Names it, as long as it waits. */
  readonly number: bigint;
  /** When it happens, in simulated microseconds. */
  readonly atUs: bigint;
  /** The server that it happens to, if it is one. */
  readonly server: bigint | undefined;
  /** Whether it is the timer that the server has set last. */
  readonly isTimer: boolean;
  /** It in words. */
  readonly text: string;
  /** What arrives, if something does. */
  readonly payload: Payload | undefined;
}

/** What a rough world has besides the basic algorithm on disks that store at once. */
export interface Rough {
  /** Leaders are told to hand over, and nodes have options, as the seed draws them. */
  readonly options?: boolean;
  /** Disks take their time, and the nodes go on meanwhile: asynchronous storage. */
  readonly lateDisks?: boolean;
}

/**
 * A world of servers that runs by itself: time, network, disks, callers, clients and crashes are simulated, and after
 * every step Raft's guarantees are checked. One seed is one run, the same on every machine and in Rust.
 *
 * ```ts
 * import { Simulation } from "raftbare/simulator";
 *
 * const world = new Simulation(42n, { servers: 5, loss: 100, crashInDrain: 5 });
 * const violation = world.run(10_000); // undefined: no guarantee is broken
 * world.servers.map((server) => server.node?.role ?? "down");
 * ```
 */
export class Simulation extends Handle<RawSimulation> {
  /**
   * Makes a world in which server 1 founds a cluster of the first `voters` servers. What is not given is calm: nothing
   * is lost, nobody fails. With a `flaw` all servers make that mistake; with asynchronous storage it is a
   * {@link LateFlaw}.
   *
   * ```ts
   * new Simulation(1n, { loss: 100 }, "sendsBeforeStoring").run(100_000)?.property; // "Persist before send"
   * new Simulation(1n, { nodeOptions: { asynchronousStorage: true } }).runAndHeal(1_000); // undefined
   * ```
   */
  constructor(seed: bigint, options: Partial<SimulationOptions> = {}, flaw?: Flaw | LateFlaw) {
    const raw = rawSimulationOptions(options);
    const number = flawNumber(flaw, options.nodeOptions?.asynchronousStorage === true);
    u64(seed, "seed");
    super(new (simulator().RawSimulation)());
    this.put(new Uint8Array(BigUint64Array.from(raw, BigInt).buffer));
    this.raw.create(seed, number);
  }

  /**
   * Makes a rough world: the seed draws its own mixture of what goes wrong. It is the one that
   * `cargo xtask simulate` runs, with `--options` and `--late-disks`.
   *
   * ```ts
   * Simulation.rough(7n).runAndHeal(1_000);
   * Simulation.rough(7n, { options: true, lateDisks: true }).options.nodeOptions; // as the seed has drawn them
   * ```
   */
  static rough(seed: bigint, more: Rough = {}, flaw?: Flaw | LateFlaw): Simulation {
    const { options = false, lateDisks = false } = object(more, "more");
    const [hasOptions, hasLateDisks] = [boolean(options, "options"), boolean(lateDisks, "lateDisks")];
    const number = flawNumber(flaw, hasLateDisks);
    u64(seed, "seed");
    const world = new Simulation(0n);
    world.raw.rough(seed, hasOptions, hasLateDisks, number);
    return world;
  }

  /** A world that goes on the same: to look ahead, to come back, to try something else. */
  clone(): Simulation {
    const world = new Simulation(0n);
    world.replace(this.raw.duplicate());
    return world;
  }

  /** Runs the next event, and checks. Returns what does not hold, from then on always. */
  step(): Violation | undefined {
    return this.run(1);
  }

  /** Runs so many events, up to the first violation. */
  run(steps: number): Violation | undefined {
    this.raw.run(count(steps, "steps", 0xffff_ffff));
    return this.violation;
  }

  /** Ends all faults: links are mended, servers restarted, nothing is lost any more. Clients go on. */
  heal(): Violation | undefined {
    this.raw.heal();
    return this.violation;
  }

  /** Runs so many events, ends all faults, and then the cluster has to agree within ten election timeouts. */
  runAndHeal(steps: number): Violation | undefined {
    this.raw.runAndHeal(count(steps, "steps", 0xffff_ffff));
    return this.violation;
  }

  /** The first thing that did not hold. */
  get violation(): Violation | undefined {
    return this.at(this.raw.violation()).violation();
  }

  /** The simulated time, in microseconds. */
  get nowUs(): bigint {
    return this.raw.nowUs();
  }

  /** What has happened so far. */
  get counts(): Counts {
    const wire = this.at(this.raw.counts());
    return {
      steps: wire.integer(),
      messages: wire.integer(),
      crashes: wire.integer(),
      faults: wire.integer(),
      elections: wire.integer(),
      snapshots: wire.integer(),
      configChanges: wire.integer(),
      reads: wire.integer(),
      transfers: wire.integer(),
      handovers: wire.integer(),
    };
  }

  /** The options of this world. */
  get options(): SimulationOptions {
    const wire = this.at(this.raw.options());
    return readSimulationOptions(() => Number(wire.integer()));
  }

  /** The servers, in the order of their identifiers. */
  get servers(): ServerState[] {
    const wire = this.at(this.raw.servers());
    return wire.list(() => wire.server());
  }

  /** What is about to happen, in order: the first of them is what {@link step} does. */
  get pending(): PendingEvent[] {
    const wire = this.at(this.raw.pending());
    return wire.list(() => ({
      number: wire.integer(),
      atUs: wire.integer(),
      server: wire.optional(),
      isTimer: wire.boolean(),
      text: wire.text(),
      payload: wire.payload(),
    }));
  }

  /** A hash of all that has happened. The same seed, options and interventions give the same, here and in Rust. */
  get traceHash(): bigint {
    return BigInt.asUintN(64, this.raw.traceHash());
  }

  /** Lets a pending event never happen: the message is lost. Returns whether there is one of this number. */
  withdraw(number: bigint): boolean {
    return this.raw.withdraw(u64(number, "number"));
  }

  /** Lets a pending event happen so much later. Returns whether there is one of this number. */
  putOff(number: bigint, byUs: number): boolean {
    return this.raw.putOff(u64(number, "number"), BigInt(count(byUs, "byUs", 1_000_000_000)));
  }

  /** Lets a pending message arrive once more, so much later. Returns whether there is one of this number. */
  repeat(number: bigint, byUs: number): boolean {
    return this.raw.repeat(u64(number, "number"), BigInt(count(byUs, "byUs", 1_000_000_000)));
  }

  /** Takes the power of a server. It comes back by an event that is pending from then on. */
  crash(id: bigint): Violation | undefined {
    this.raw.crash(this.#server(id));
    return this.violation;
  }

  /** Lets a server that is down come back now. */
  restart(id: bigint): Violation | undefined {
    this.raw.restart(this.#server(id));
    return this.violation;
  }

  /** Lets the timer of a server fire now. */
  fireTimer(id: bigint): Violation | undefined {
    this.raw.fireTimer(this.#server(id));
    return this.violation;
  }

  /** A client proposes a command at this server. Returns its position; it is invalid if the server does not lead. */
  propose(id: bigint): LogPosition {
    return this.at(this.raw.propose(this.#server(id))).position();
  }

  /** Tells a leader to hand over to another server. Returns whether it begins to: it leads, and the other one votes. */
  transfer(id: bigint, target: bigint): boolean {
    return this.raw.transfer(this.#server(id), this.#server(target));
  }

  /** Loses what is sent from one server to another from now on. The other direction is a link of its own. */
  cut(from: bigint, to: bigint): void {
    this.raw.cut(this.#server(from), this.#server(to));
  }

  /** Mends all links. */
  mend(): void {
    this.raw.mend();
  }

  /** Whether what is sent from one server to another gets through. */
  isLinked(from: bigint, to: bigint): boolean {
    return this.raw.isLinked(this.#server(from), this.#server(to));
  }

  #server(id: bigint): bigint {
    const servers = this.options.servers;
    if (u64(id, "id") < 1n || id > BigInt(servers)) throw new RangeError(`there are servers 1n to ${servers}n, not ${id}n`);
    return id;
  }
}

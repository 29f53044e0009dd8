import { describe, u64 } from "./check.js";
import { ClusterConfig, checkConfig } from "./config.js";
import { LogEntries, checkEntries } from "./entries.js";
import type { LogPosition } from "./position.js";

/**
 * The log of a node: what a snapshot stands for, and the entries after it (§5.3, §7).
 *
 * It is what a node has to find again after a restart, together with its term and vote.
 *
 * ```ts
 * import { ClusterConfig, Log, LogEntries, LogPosition } from "raftbare";
 *
 * const log = new Log(new ClusterConfig(), new LogEntries(LogPosition.ZERO)); // a log without anything
 * ```
 */
export class Log {
  readonly #snapshotConfig: ClusterConfig;
  readonly #entries: LogEntries;

  /**
   * Makes a log of `entries` that follow a snapshot whose configuration is `snapshotConfig`. The snapshot's position
   * is `entries.prevPosition`.
   *
   * ```ts
   * const log = new Log(snapshot.config, storedEntries);
   * ```
   */
  constructor(snapshotConfig: ClusterConfig, entries: LogEntries) {
    this.#snapshotConfig = checkConfig(snapshotConfig, "snapshotConfig");
    this.#entries = checkEntries(entries, "entries");
  }

  /** The entries after the snapshot. */
  get entries(): LogEntries {
    return this.#entries;
  }

  /** The position of the last entry; that of the snapshot if there is no entry after it. */
  get lastPosition(): LogPosition {
    return this.#entries.lastPosition;
  }

  /** The position of the last entry that the snapshot includes; `LogPosition.ZERO` without one. */
  get snapshotPosition(): LogPosition {
    return this.#entries.prevPosition;
  }

  /** The configuration at the position of the snapshot. */
  get snapshotConfig(): ClusterConfig {
    return this.#snapshotConfig;
  }

  /** The configuration in force: the last one in the log, committed or not (§6). */
  get latestConfig(): ClusterConfig {
    return this.#configAt(this.lastPosition.index);
  }

  /**
   * The position at an index and the configuration in force there; `undefined` outside the log. A snapshot of the
   * state at that index is stored with these two.
   *
   * ```ts
   * const at = node.log.getPositionAndConfig(applied);
   * if (at !== undefined) {
   *   store({ state, ...at });
   *   node.handleSnapshotInstalled(at.position, at.config);
   * }
   * ```
   */
  getPositionAndConfig(index: bigint): { position: LogPosition; config: ClusterConfig } | undefined {
    const term = this.#entries.getTerm(u64(index, "index"));
    return term === undefined ? undefined : { position: { term, index }, config: this.#configAt(index) };
  }

  /** The log in the notation: `snapshot {} log 0/0[config({1,2}) term(1)]`. */
  toString(): string {
    return `snapshot ${this.#snapshotConfig} log ${this.#entries}`;
  }

  #configAt(index: bigint): ClusterConfig {
    let at = this.#entries.prevPosition.index;
    let config = this.#snapshotConfig;
    for (const item of this.#entries.items()) {
      at += item.type === "commands" ? item.count : 1n;
      if (at > index) break;
      if (item.type === "clusterConfig") config = item.config;
    }
    return config;
  }
}

/** Takes a log from a user. */
export function checkLog(value: unknown, name: string): Log {
  if (!(value instanceof Log)) throw new TypeError(`${name} has to be a Log, not ${describe(value)}`);
  return value;
}

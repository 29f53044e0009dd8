import { MAX_U64, count, describe, object, u64 } from "./check.js";
import { ClusterConfig, checkConfig } from "./config.js";
import { type LogPosition, checkPosition, formatPosition } from "./position.js";

/**
 * One entry of the log (§5.3): the first one of a leader's term, a configuration, or a command of yours. What a
 * command says stays with you, under its position.
 *
 * ```ts
 * import { assertNever, type LogEntry } from "raftbare";
 *
 * function show(entry: LogEntry): string {
 *   switch (entry.type) {
 *     case "term": return `term ${entry.term} begins`;
 *     case "clusterConfig": return `members ${entry.config}`;
 *     case "command": return "a command";
 *     default: return assertNever(entry);
 *   }
 * }
 * ```
 */
export type LogEntry =
  /** The first entry of a leader: from here on the entries belong to this term. */
  | { readonly type: "term"; readonly term: bigint }
  /** A configuration of the cluster. It is in force as soon as it is in the log (§6). */
  | { readonly type: "clusterConfig"; readonly config: ClusterConfig }
  /** A command of yours. */
  | { readonly type: "command" };

const COMMAND: LogEntry = Object.freeze({ type: "command" });

/** Takes an entry from a user. */
function checkEntry(value: unknown): LogEntry {
  const entry = object(value, "entry");
  switch (entry.type) {
    case "term":
      return { type: "term", term: u64(entry.term, "entry.term") };
    case "clusterConfig":
      return { type: "clusterConfig", config: checkConfig(entry.config, "entry.config") };
    case "command":
      return COMMAND;
    default:
      throw new TypeError('entry.type has to be "term", "clusterConfig" or "command"');
  }
}

/**
 * Consecutive log entries after a known position.
 *
 * Takes memory for its terms and configurations, none for its commands: a million commands are two numbers. What a
 * node hands out is a copy, which is yours.
 *
 * ```ts
 * import { LogEntries, LogPosition } from "raftbare";
 *
 * const entries = new LogEntries(LogPosition.ZERO);
 * entries.push({ type: "term", term: 1n });
 * entries.push({ type: "command" });
 * entries.length; // 2
 * `${entries}`; // "0/0[term(1) cmd]"
 * ```
 */
export class LogEntries {
  #prev: LogPosition;
  #lastIndex: bigint;
  /** The `term` entries, and the configurations, each with its index, rising. All others are commands. */
  #terms: { readonly index: bigint; readonly term: bigint }[] = [];
  #configs: { readonly index: bigint; readonly config: ClusterConfig }[] = [];

  /**
   * Makes an empty stretch that starts after `prevPosition`.
   *
   * ```ts
   * new LogEntries(LogPosition.ZERO).isEmpty; // true
   * ```
   */
  constructor(prevPosition: LogPosition) {
    this.#prev = Object.freeze(checkPosition(prevPosition, "prevPosition"));
    this.#lastIndex = this.#prev.index;
  }

  /**
   * Makes a stretch of these entries.
   *
   * ```ts
   * LogEntries.from(LogPosition.ZERO, [{ type: "term", term: 1n }, { type: "command" }]).length; // 2
   * ```
   */
  static from(prevPosition: LogPosition, entries: Iterable<LogEntry>): LogEntries {
    const all = new LogEntries(prevPosition);
    for (const entry of entries) all.push(entry);
    return all;
  }

  /** How many entries there are. */
  get length(): number {
    return Number(this.#lastIndex - this.#prev.index);
  }

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#lastIndex === this.#prev.index;
  }

  /** The position before the first entry. */
  get prevPosition(): LogPosition {
    return this.#prev;
  }

  /** The position of the last entry; {@link prevPosition} if there is none. */
  get lastPosition(): LogPosition {
    return { term: this.#terms.at(-1)?.term ?? this.#prev.term, index: this.#lastIndex };
  }

  /**
   * The entries in order.
   *
   * ```ts
   * for (const entry of entries) console.log(entry.type);
   * ```
   */
  *[Symbol.iterator](): IterableIterator<LogEntry> {
    for (const [, entry] of this.iterWithPositions()) yield entry;
  }

  /**
   * The entries in order, each with its position.
   *
   * ```ts
   * for (const [position, entry] of entries.iterWithPositions()) {
   *   if (entry.type === "command") store(position, commands.get(position.index));
   * }
   * ```
   */
  *iterWithPositions(): IterableIterator<[position: LogPosition, entry: LogEntry]> {
    let { term, index } = this.#prev;
    let [nextTerm, nextConfig] = [0, 0];
    while (index < this.#lastIndex) {
      index += 1n;
      if (this.#terms[nextTerm]?.index === index) {
        term = this.#terms[nextTerm++]!.term;
        yield [{ term, index }, { type: "term", term }];
      } else if (this.#configs[nextConfig]?.index === index) {
        yield [{ term, index }, { type: "clusterConfig", config: this.#configs[nextConfig++]!.config }];
      } else {
        yield [{ term, index }, COMMAND];
      }
    }
  }

  /** Whether the position is one of these entries', or {@link prevPosition}: index and term are the same. */
  contains(position: LogPosition): boolean {
    const { term, index } = checkPosition(position, "position");
    return this.getTerm(index) === term;
  }

  /** Whether the index is within these entries, or that of {@link prevPosition}, whatever its term. */
  containsIndex(index: bigint): boolean {
    u64(index, "index");
    return this.#prev.index <= index && index <= this.#lastIndex;
  }

  /** The term at an index; that of {@link prevPosition} at its own; `undefined` outside. */
  getTerm(index: bigint): bigint | undefined {
    if (!this.containsIndex(index)) return undefined;
    return this.#terms.findLast((start) => start.index <= index)?.term ?? this.#prev.term;
  }

  /** The entry at an index; `undefined` outside and at {@link prevPosition}. */
  getEntry(index: bigint): LogEntry | undefined {
    u64(index, "index");
    if (index <= this.#prev.index || this.#lastIndex < index) return undefined;
    const term = this.#terms.findLast((start) => start.index <= index);
    if (term?.index === index) return { type: "term", term: term.term };
    const config = this.#configs.findLast((start) => start.index <= index);
    return config?.index === index ? { type: "clusterConfig", config: config.config } : COMMAND;
  }

  /**
   * Appends an entry.
   *
   * ```ts
   * entries.push({ type: "command" });
   * ```
   */
  push(entry: LogEntry): void {
    const checked = checkEntry(entry);
    if (this.#lastIndex === MAX_U64) throw new RangeError("there is no index left");
    this.#lastIndex += 1n;
    const index = this.#lastIndex;
    if (checked.type === "term") this.#terms.push({ index, term: checked.term });
    if (checked.type === "clusterConfig") this.#configs.push({ index, config: checked.config });
  }

  /**
   * Keeps the first `length` entries. If there are not more, nothing happens.
   *
   * A call may be cut so before it is sent, for a transport with a largest message: the follower answers with what it
   * got, and the leader sends the rest.
   */
  truncate(length: number): void {
    if (count(length, "length") < this.length) this.#truncateAfter(this.#prev.index + BigInt(length));
  }

  /** The entries after a position, or `undefined` if {@link contains} does not hold for it. */
  since(position: LogPosition): LogEntries | undefined {
    if (!this.contains(position)) return undefined;
    const rest = new LogEntries(position);
    rest.#lastIndex = this.#lastIndex;
    rest.#terms = this.#terms.filter(({ index }) => index > position.index);
    rest.#configs = this.#configs.filter(({ index }) => index > position.index);
    return rest;
  }

  /**
   * Drops what comes after the start of `entries`, then appends them: what {@link Action} `appendLogEntries` asks of
   * a store. Throws a `RangeError` if that would leave a gap.
   *
   * ```ts
   * stored.overwrite(action.entries);
   * ```
   */
  overwrite(entries: LogEntries): void {
    const { prevPosition } = checkEntries(entries, "entries");
    if (!this.contains(prevPosition)) throw new RangeError("the entries do not follow these");
    this.#truncateAfter(prevPosition.index);
    this.#lastIndex = entries.#lastIndex;
    this.#terms.push(...entries.#terms);
    this.#configs.push(...entries.#configs);
  }

  /** A copy. */
  clone(): LogEntries {
    return this.since(this.#prev)!;
  }

  /** Whether the two start at the same position and have the same entries. */
  equals(other: LogEntries): boolean {
    return this.toString() === checkEntries(other, "other").toString();
  }

  /** The entries in the notation: `3/16[cmd term(4) cmd*2]`. */
  toString(): string {
    const items = this.items().map((item) => {
      if (item.type === "commands") return item.count === 1n ? "cmd" : `cmd*${item.count}`;
      return item.type === "term" ? `term(${item.term})` : `config(${item.config})`;
    });
    return `${formatPosition(this.#prev)}[${items.join(" ")}]`;
  }

  /** Whether a value has this class's own parts; a structured clone has lost them. */
  static is(value: unknown): value is LogEntries {
    return typeof value === "object" && value !== null && #terms in value;
  }

  /** @internal Appends so many commands at once; says whether there are so many indexes left. */
  pushCommands(commands: bigint): boolean {
    if (commands > MAX_U64 - this.#lastIndex) return false;
    this.#lastIndex += commands;
    return true;
  }

  /** @internal The entries with commands in runs. */
  items(): Item[] {
    const items: Item[] = [];
    let index = this.#prev.index;
    const run = (end: bigint) => {
      if (end > index) items.push({ type: "commands", count: end - index });
      index = end;
    };
    for (const other of this.#others()) {
      run(other.index - 1n);
      items.push(other.item);
      index = other.index;
    }
    run(this.#lastIndex);
    return items;
  }

  /** The entries that are no commands, rising. */
  #others(): { index: bigint; item: Item }[] {
    const terms = this.#terms.map(({ index, term }) => ({ index, item: { type: "term", term } as Item }));
    const configs = this.#configs.map(({ index, config }) => ({
      index,
      item: { type: "clusterConfig", config } as Item,
    }));
    return [...terms, ...configs].sort((a, b) => (a.index < b.index ? -1 : 1));
  }

  #truncateAfter(last: bigint): void {
    this.#lastIndex = last;
    this.#terms = this.#terms.filter(({ index }) => index <= last);
    this.#configs = this.#configs.filter(({ index }) => index <= last);
  }
}

/** @internal Entries as the codec and the notation see them. */
export type Item =
  | { readonly type: "term"; readonly term: bigint }
  | { readonly type: "clusterConfig"; readonly config: ClusterConfig }
  | { readonly type: "commands"; readonly count: bigint };

/** Takes entries from a user. */
export function checkEntries(value: unknown, name: string): LogEntries {
  if (!LogEntries.is(value)) {
    throw new TypeError(
      `${name} has to be LogEntries, not ${describe(value)} (a structured clone is none: send encoded bytes)`,
    );
  }
  return value;
}

import { ClusterConfig } from "../config.js";
import { LogEntries } from "../entries.js";
import type { Message, MessageHeader } from "../message.js";
import type { LogPosition } from "../position.js";
import { DecodeError, VERSION, problem } from "./error.js";
import { KIND_SHIFT, item, stored, tag, wrap } from "./layout.js";

/**
 * How much a decoded value may hold. What is longer is refused before memory is taken for it. `Infinity` is no limit:
 * for what you have stored yourself.
 *
 * ```ts
 * decodeMessage(bytes, { entries: 100, members: 8 }); // less than by default
 * ```
 */
export interface Limits {
  /** The most bytes of an encoding. By default 65,536. */
  readonly bytes?: number;
  /** The most log entries. By default 1,048,576: they cost no memory, but time for whoever walks them. */
  readonly entries?: number;
  /** The most `term` entries and configurations together. By default 4,096. */
  readonly termsAndConfigs?: number;
  /** The most members of a configuration, counted in each of its three sets. By default 256. */
  readonly members?: number;
}

/** What strangers may send. */
export const DEFAULT_LIMITS = { bytes: 1 << 16, entries: 1 << 20, termsAndConfigs: 1 << 12, members: 1 << 8 };

/** What the own module has written. */
export const NO_LIMITS = { bytes: Infinity, entries: Infinity, termsAndConfigs: Infinity, members: Infinity };

/** Reads the parts of values. Nothing is believed. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #limits: Required<Limits>;
  #at = 0;

  constructor(bytes: Uint8Array, limits: Limits = {}) {
    this.#bytes = bytes;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    if (bytes.length > this.#limits.bytes) this.#fail(problem.tooLong);
  }

  #fail(what: string, offset = this.#at): never {
    throw new DecodeError(offset, what);
  }

  end(): void {
    if (this.#at !== this.#bytes.length) this.#fail(problem.trailing);
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) this.#fail(problem.truncated);
    this.#at += 1;
    return byte;
  }

  /** So many of the next bytes, as a copy. */
  bytes(length: bigint): Uint8Array {
    if (length > BigInt(this.#bytes.length - this.#at)) this.#fail(problem.truncated);
    const start = this.#at;
    this.#at += Number(length);
    return this.#bytes.slice(start, this.#at);
  }

  /** The value and the kind of a tag of a known version. */
  tag(): { value: number; kind: number } {
    const start = this.#at;
    const byte = this.byte();
    if (byte >> 5 !== VERSION) this.#fail(problem.version(byte >> 5), start);
    return { value: byte & 0b111, kind: (byte >> 3) & 0b11 };
  }

  #wrongTag(): never {
    this.#fail(problem.tag(this.#bytes[0] ?? 0), 0);
  }

  stored(wanted: number): void {
    const { value, kind } = this.tag();
    if (value !== tag.stored || kind !== wanted) this.#wrongTag();
  }

  /** Seven bits a byte, the lowest first; the highest bit says that there are more. */
  number(): bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      low |= (byte & 0x7f) << shift;
      if (byte === 0 && shift > 0) this.#fail(problem.notCanonical);
      if (byte < 0x80) return BigInt(low);
    }
    let value = BigInt(low);
    for (let shift = 28n; shift <= 63n; shift += 7n) {
      const byte = this.byte();
      // The tenth byte has room for one bit; a last byte of zero would have been left out.
      if (byte === 0 || (shift === 63n && (byte & 0x7f) > 1)) this.#fail(problem.notCanonical);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return this.#fail(problem.notCanonical);
  }

  /** A difference of either sign: small ones are small numbers. */
  signed(): bigint {
    const number = this.number();
    return number & 1n ? wrap(~(number >> 1n)) : number >> 1n;
  }

  message(): Message {
    const { value, kind } = this.tag();
    if (value >= tag.stored) this.#wrongTag();
    const header = this.#header(BigInt(kind));
    switch (value) {
      case tag.requestVoteCall:
        return { type: "requestVoteCall", ...header, lastPosition: this.#position(header.term) };
      case tag.voteRefused:
        return { type: "requestVoteReply", ...header, voteGranted: false };
      case tag.voteGranted:
        return { type: "requestVoteReply", ...header, voteGranted: true };
      case tag.appendEntriesCall: {
        const prev = this.#position(header.term);
        const commitIndex = wrap(prev.index + this.signed());
        return { type: "appendEntriesCall", ...header, commitIndex, entries: this.#items(prev) };
      }
      default:
        return { type: "appendEntriesReply", ...header, lastPosition: this.#position(header.term) };
    }
  }

  entries(): LogEntries {
    this.stored(stored.entries);
    const index = this.number();
    return this.#items({ term: this.number(), index });
  }

  config(): ClusterConfig {
    this.stored(stored.config);
    return this.#config();
  }

  hardState(): { currentTerm: bigint; votedFor: bigint | undefined } {
    this.stored(stored.hardState);
    const currentTerm = this.number();
    switch (this.number()) {
      case 0n:
        return { currentTerm, votedFor: undefined };
      case 1n:
        return { currentTerm, votedFor: this.number() };
      default:
        return this.#fail(problem.notCanonical);
    }
  }

  #header(kind: bigint): MessageHeader {
    const [from, term, number] = [this.number(), this.number(), this.number()];
    const own = number >> KIND_SHIFT;
    // A kind that the number itself has would be another form of the same number.
    if (kind === 0n ? own >= 1n && own <= 3n : own !== 0n) this.#fail(problem.notCanonical);
    return { from, term, seqno: number | (kind << KIND_SHIFT) };
  }

  #position(termOfHeader: bigint): LogPosition {
    const index = this.number();
    return { term: wrap(termOfHeader - this.number()), index };
  }

  #items(prev: LogPosition): LogEntries {
    const entries = new LogEntries(prev);
    let others = 0;
    let isRunBefore = false;
    for (let left = this.number(); left > 0n; left -= 1n) {
      const first = this.number();
      const isRun = first > item.config;
      if (isRun) {
        if (!entries.pushCommands(first - item.config)) this.#fail(problem.indexTooLarge);
      } else {
        this.#pushOther(entries, first, ++others);
      }
      if (isRun && isRunBefore) this.#fail(problem.notCanonical);
      isRunBefore = isRun;
      if (entries.length > this.#limits.entries) this.#fail(problem.tooLong);
    }
    return entries;
  }

  /** Appends an entry that is no command. */
  #pushOther(entries: LogEntries, first: bigint, others: number): void {
    const isTerm = first === item.term;
    const last = entries.lastPosition;
    const term = isTerm ? wrap(last.term + this.number()) : 0n;
    const config = isTerm ? undefined : this.#config();
    if (others > this.#limits.termsAndConfigs) this.#fail(problem.tooLong);
    if (wrap(last.index + 1n) === 0n) this.#fail(problem.indexTooLarge);
    entries.push(config === undefined ? { type: "term", term } : { type: "clusterConfig", config });
  }

  #config(): ClusterConfig {
    return new ClusterConfig({ voters: this.#set(), newVoters: this.#set(), nonVoters: this.#set() });
  }

  #set(): bigint[] {
    const length = this.number();
    if (Number(length) > this.#limits.members) this.#fail(problem.tooLong);
    const ids: bigint[] = [];
    for (let left = length; left > 0n; left -= 1n) {
      const above = this.number();
      const before = ids.at(-1);
      const id = before === undefined ? above : before + above;
      if ((before !== undefined && above === 0n) || wrap(id) !== id) this.#fail(problem.notCanonical);
      ids.push(id);
    }
    return ids;
  }
}

import type { ClusterConfig } from "../config.js";
import type { LogEntries } from "../entries.js";
import type { Message } from "../message.js";
import type { LogPosition } from "../position.js";
import { VERSION } from "./error.js";
import { KIND_SHIFT, item, stored, tag, wrap } from "./layout.js";

/** Writes the parts of values that were checked. */
export class Writer {
  #buffer = new Uint8Array(64);
  #length = 0;

  /** What was written. */
  take(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    if (this.#length === this.#buffer.length) this.#grow(1);
    this.#buffer[this.#length++] = value;
  }

  bytes(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#buffer.length) this.#grow(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #grow(more: number): void {
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#length + more));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }

  /** Seven bits a byte, the lowest first; the highest bit says that there are more. */
  number(value: bigint): void {
    let rest = value;
    while (rest >= 0x80n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest));
  }

  message(message: Message): void {
    const kind = message.seqno >> KIND_SHIFT;
    const isShort = kind >= 1n && kind <= 3n;
    this.#tag(tagOf(message), isShort ? Number(kind) : 0);
    this.number(message.from);
    this.number(message.term);
    this.number(isShort ? BigInt.asUintN(Number(KIND_SHIFT), message.seqno) : message.seqno);
    switch (message.type) {
      case "requestVoteCall":
      case "appendEntriesReply":
        return this.#position(message.lastPosition, message.term);
      case "requestVoteReply":
        return;
      case "appendEntriesCall": {
        const prev = message.entries.prevPosition;
        this.#position(prev, message.term);
        this.#signed(BigInt.asIntN(64, message.commitIndex - prev.index));
        return this.#items(message.entries);
      }
    }
  }

  entries(entries: LogEntries): void {
    this.#tag(tag.stored, stored.entries);
    this.number(entries.prevPosition.index);
    this.number(entries.prevPosition.term);
    this.#items(entries);
  }

  config(config: ClusterConfig): void {
    this.#tag(tag.stored, stored.config);
    this.#config(config);
  }

  hardState(currentTerm: bigint, votedFor: bigint | undefined): void {
    this.#tag(tag.stored, stored.hardState);
    this.number(currentTerm);
    this.number(votedFor === undefined ? 0n : 1n);
    if (votedFor !== undefined) this.number(votedFor);
  }

  #tag(value: number, kind: number): void {
    this.byte((VERSION << 5) | (kind << 3) | value);
  }

  /** A difference of either sign: small ones are small numbers. */
  #signed(difference: bigint): void {
    this.number(difference < 0n ? -2n * difference - 1n : 2n * difference);
  }

  #position(position: LogPosition, termOfHeader: bigint): void {
    this.number(position.index);
    this.number(wrap(termOfHeader - position.term));
  }

  #items(entries: LogEntries): void {
    const items = entries.items();
    this.number(BigInt(items.length));
    let term = entries.prevPosition.term;
    for (const one of items) {
      switch (one.type) {
        case "commands":
          this.#run(one.count);
          break;
        case "term":
          this.number(item.term);
          this.number(wrap(one.term - term));
          term = one.term;
          break;
        case "clusterConfig":
          this.number(item.config);
          this.#config(one.config);
          break;
      }
    }
  }

  #run(commands: bigint): void {
    // A run of all 2^64 - 1 indexes has no number above it: the largest stands for it, as in the core.
    const number = commands + item.config;
    this.number(wrap(number) === number ? number : commands);
  }

  #config(config: ClusterConfig): void {
    for (const set of [config.voters, config.newVoters, config.nonVoters]) {
      this.number(BigInt(set.length));
      set.forEach((id, at) => this.number(id - (set[at - 1] ?? 0n)));
    }
  }
}

function tagOf(message: Message): number {
  return message.type === "requestVoteReply"
    ? message.voteGranted
      ? tag.voteGranted
      : tag.voteRefused
    : tag[message.type];
}

import type { Action } from "./action.js";
import type { Binding } from "./binding.js";
import { NO_LIMITS, Reader } from "./codec/reader.js";
import type { LogPosition } from "./position.js";
import { Log } from "./log.js";

/** Reads what the module has written: the codec's forms with plain integers between them. See `wasm/src/bytes.rs`. */
export class Wire extends Reader {
  constructor(binding: Binding, address: number) {
    super(new Uint8Array(binding.memory.buffer, address), NO_LIMITS);
  }

  /** An integer of eight bytes, the lowest first. */
  integer(): bigint {
    const low = this.#half();
    const high = this.#half();
    return high === 0 ? BigInt(low) : (BigInt(high) << 32n) | BigInt(low);
  }

  /** An integer of four bytes. */
  #half(): number {
    return (this.byte() | (this.byte() << 8) | (this.byte() << 16) | (this.byte() << 24)) >>> 0;
  }

  /** One of these. */
  word<T>(words: readonly T[]): T {
    return words[this.byte()]!;
  }

  boolean(): boolean {
    return this.byte() === 1;
  }

  optional(): bigint | undefined {
    return this.boolean() ? this.integer() : undefined;
  }

  position(): LogPosition {
    return { term: this.integer(), index: this.integer() };
  }

  log(): Log {
    return new Log(this.config(), this.entries());
  }

  text(): string {
    return new TextDecoder().decode(this.bytes(this.integer()));
  }

  /** As many values as there are said to be. */
  list<T>(one: () => T): T[] {
    return Array.from({ length: Number(this.integer()) }, one);
  }

  actions(): Action[] {
    const actions: Action[] = [];
    for (;;) {
      const action = this.action();
      if (action === undefined) return actions;
      actions.push(action);
    }
  }

  /** One action; `undefined` at the end of a list. */
  action(): Action | undefined {
    switch (this.byte()) {
      case 0:
        return { type: "setElectionTimeout" };
      case 1:
        return { type: "saveCurrentTerm" };
      case 2:
        return { type: "saveVotedFor" };
      case 3:
        return { type: "broadcastMessage", message: this.message() };
      case 4:
        return { type: "appendLogEntries", entries: this.entries() };
      case 5:
        return { type: "sendMessage", to: this.integer(), message: this.message() };
      case 6:
        return { type: "installSnapshot", to: this.integer() };
      default:
        return undefined;
    }
  }
}

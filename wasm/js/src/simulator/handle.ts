/// <reference lib="esnext.disposable" preserve="true" />
import { put } from "../binding.js";
import { type Raw, simulator } from "./binding.js";
import { SimulatorWire } from "./wire.js";

/** Something that lives in the simulator's module, until {@link Handle.free}. */
export abstract class Handle<R extends Raw> {
  #raw: R | undefined;

  /** @internal */
  constructor(raw: R) {
    this.#raw = raw;
  }

  /** @internal What the module has made. */
  protected get raw(): R {
    if (this.#raw === undefined) throw new Error(`this ${this.constructor.name} was freed`);
    return this.#raw;
  }

  /** @internal Becomes a handle of something else. */
  protected replace(raw: R): void {
    this.free();
    this.#raw = raw;
  }

  /** @internal Puts an argument where the module reads it. */
  protected put(bytes: Uint8Array): void {
    put(simulator(), this.raw, bytes);
  }

  /** @internal Reads a result. */
  protected at(address: number): SimulatorWire {
    return new SimulatorWire(simulator(), address);
  }

  /** Gives the memory back. It cannot be used any more; a second call does nothing. */
  free(): void {
    this.#raw?.free();
    this.#raw = undefined;
  }

  /** As {@link free}: `using` calls it at the end of the block. */
  [Symbol.dispose](): void {
    this.free();
  }
}

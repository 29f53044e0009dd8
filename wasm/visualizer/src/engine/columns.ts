type Column = Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array;

/** A column that grows: outside of the heap of objects, so that a long run costs little. */
export class Grown<C extends Column> {
  #values: C;
  #length = 0;

  constructor(values: C) {
    this.#values = values;
  }

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) this.#grow(2 * this.#length);
    this.#values[this.#length] = value;
    this.#length += 1;
  }

  get(index: number): number {
    return this.#values[index]!;
  }

  set(index: number, value: number): void {
    this.#values[index] = value;
  }

  /** The first values, to go on differently. */
  fork(length: number): Grown<C> {
    const fork = new Grown(this.#values.slice() as C);
    fork.#length = length;
    return fork;
  }

  /** How many values are at most `wanted`, if they never get smaller. */
  countUntil(wanted: number): number {
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#values[middle]! <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #grow(length: number): void {
    const grown = new (this.#values.constructor as new (length: number) => C)(length);
    grown.set(this.#values);
    this.#values = grown;
  }
}

/** How many texts are looked for before one is kept anew. */
const MOST_RECENT = 256;

/** Texts as bytes, one after the other. */
export class Texts {
  #bytes = new Uint8Array(1 << 12);
  #length = 0;
  #recent = new Map<string, number>();

  /** Keeps a text. Returns where it is; one that comes again soon is kept once. */
  push(text: string): number {
    const known = this.#recent.get(text);
    if (known !== undefined) return known;
    const bytes = new TextEncoder().encode(text);
    const place = this.#length;
    while (place + 4 + bytes.length > this.#bytes.length) {
      const grown = new Uint8Array(2 * this.#bytes.length);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    new DataView(this.#bytes.buffer).setUint32(place, bytes.length);
    this.#bytes.set(bytes, place + 4);
    this.#length += 4 + bytes.length;
    this.#recent.set(text, place);
    if (this.#recent.size > MOST_RECENT) this.#recent.delete(this.#recent.keys().next().value!);
    return place;
  }

  at(place: number): string {
    const length = new DataView(this.#bytes.buffer).getUint32(place);
    return new TextDecoder().decode(this.#bytes.subarray(place + 4, place + 4 + length));
  }

  fork(): Texts {
    const fork = new Texts();
    fork.#bytes = this.#bytes.slice();
    fork.#length = this.#length;
    return fork;
  }
}

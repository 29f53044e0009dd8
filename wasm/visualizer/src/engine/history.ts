/** The lines of a run and their times. The same few lines come again and again, so each is kept once. */
export class History {
  #texts: string[] = [];
  #places = new Map<string, number>();
  #lines = new Uint32Array(1 << 10);
  #times = new Float64Array(1 << 10);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(line: string, at: number): void {
    if (this.#length === this.#lines.length) this.#grow();
    this.#lines[this.#length] = this.#place(line);
    this.#times[this.#length] = at;
    this.#length += 1;
  }

  line(index: number): string {
    return this.#texts[this.#lines[index]!]!;
  }

  at(index: number): number {
    return this.#times[index]!;
  }

  /** When the last line was played. */
  get end(): number {
    return this.#length === 0 ? 0 : this.at(this.#length - 1);
  }

  /** How many lines were played up to a time. */
  countUntil(time: number): number {
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle) <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first lines of this history, to go on differently. */
  fork(length: number): History {
    const fork = new History();
    fork.#texts = [...this.#texts];
    fork.#places = new Map(this.#places);
    fork.#lines = this.#lines.slice();
    fork.#times = this.#times.slice();
    fork.#length = length;
    return fork;
  }

  #place(line: string): number {
    const known = this.#places.get(line);
    if (known !== undefined) return known;
    this.#places.set(line, this.#texts.length);
    return this.#texts.push(line) - 1;
  }

  #grow(): void {
    const [lines, times] = [this.#lines, this.#times];
    this.#lines = new Uint32Array(2 * lines.length);
    this.#times = new Float64Array(2 * times.length);
    this.#lines.set(lines);
    this.#times.set(times);
  }
}

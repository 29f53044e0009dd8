import type { Random } from "./random.js";

/** Where the processor sees the flash. */
export const FLASH_START = 0x10000000;
/** Bytes of the flash of a Pico. */
export const FLASH_LENGTH = 2 * 1024 * 1024;
export const SECTOR = 4096;
export const PAGE = 256;

/** What the flash chip needs for a sector and a page, in nanoseconds: typical figures of its data sheet. */
const ERASE_TIME = 45e6;
const PROGRAM_TIME = 0.4e6;

export type Kind = "erase" | "program";

/** A change under way: what the bytes become from this address on. */
interface Operation {
  readonly kind: Kind;
  readonly start: number;
  readonly after: Uint8Array;
  readonly end: number;
}

/** The flash chip: NOR, erased to ones by the sector, programmed to zeros by the page, and both take time. */
export class Flash {
  private operation: Operation | undefined;
  readonly counts: Record<Kind, number> = { erase: 0, program: 0 };

  constructor(private readonly bytes: Uint8Array) {}

  erase(start: number, length: number, now: number): void {
    check(start, length, SECTOR);
    const time = (ERASE_TIME * length) / SECTOR;
    this.begin({ kind: "erase", start, after: new Uint8Array(length).fill(0xff), end: now + time });
  }

  program(start: number, data: Uint8Array, now: number): void {
    check(start, data.length, PAGE);
    const after = data.map((byte, at) => byte & (this.bytes[start + at] ?? 0));
    this.begin({ kind: "program", start, after, end: now + (PROGRAM_TIME * data.length) / PAGE });
  }

  /** Until when it is busy, if it is. */
  get busyUntil(): number | undefined {
    return this.operation?.end;
  }

  /** What it is at, if it is. */
  get busyWith(): Kind | undefined {
    return this.operation?.kind;
  }

  /** The time of the change is over. */
  finish(): void {
    if (this.operation !== undefined) this.bytes.set(this.operation.after, this.operation.start);
    this.operation = undefined;
  }

  /** The power fails: of a change under way some bits are made, others are not. */
  tear(random: Random): void {
    if (this.operation === undefined) return;
    const { start, after } = this.operation;
    // How far it came, somewhere between not at all and all of it.
    const share = random.below(256);
    after.forEach((byte, at) => {
      const before = this.bytes[start + at] ?? 0;
      let made = 0;
      for (let bit = 0; bit < 8; bit += 1) if (random.below(256) < share) made |= 1 << bit;
      this.bytes[start + at] = (before & ~made) | (byte & made);
    });
    this.operation = undefined;
  }

  private begin(operation: Operation): void {
    if (this.operation !== undefined) throw new Error("the flash is busy already");
    this.counts[operation.kind] += 1;
    this.operation = operation;
  }
}

function check(start: number, length: number, unit: number): void {
  if (start % unit !== 0 || length % unit !== 0 || length === 0 || start + length > FLASH_LENGTH) {
    throw new Error(`the flash cannot do this: ${length} bytes at ${start}, in units of ${unit}`);
  }
}

import type { Range } from "./chance.js";

/** What the world around the nodes is like; times in simulated microseconds. */
export interface Dials {
  /** What everything random follows from. */
  readonly seed: number;
  /** How long a message takes. */
  readonly latency: Range;
  /** How many of a thousand messages are lost. */
  readonly loss: number;
  /** How long it takes to store something. */
  readonly disk: number;
  /** How often a leader is heard. */
  readonly heartbeat: number;
  /** How long a follower or a candidate waits. */
  readonly election: Range;
}

export const CALM: Dials = {
  seed: 1,
  latency: [9_000, 15_000],
  loss: 0,
  disk: 3_000,
  heartbeat: 50_000,
  election: [150_000, 300_000],
};

export type Dial = keyof Dials;

/** The directive that sets a dial: `#: latency 9000 15000`. */
export function dialLine(dial: Dial, value: number | Range): string {
  return `#: ${dial} ${typeof value === "number" ? value : value.join(" ")}`;
}

/** The dials after a directive; `undefined` if it is none that sets a dial, or sets it to what cannot be. */
export function setDial(dials: Dials, name: string, values: readonly number[]): Dials | undefined {
  if (!Object.hasOwn(dials, name) || !values.every((value) => Number.isSafeInteger(value) && value >= 0))
    return undefined;
  const isRange = Array.isArray(dials[name as Dial]);
  const [first, second] = values;
  if (first === undefined || values.length !== (isRange ? 2 : 1)) return undefined;
  if (isRange) return second! < first ? undefined : { ...dials, [name]: [first, second!] };
  const isNeverZero = name === "heartbeat";
  return isNeverZero && first === 0 ? undefined : { ...dials, [name]: first };
}

/** The lines that turn all dials to these values. */
export function dialLines(dials: Dials): string[] {
  return (Object.keys(dials) as Dial[]).map((dial) => dialLine(dial, dials[dial]));
}

/** Mixes the bits of a 32-bit number. */
function mix(value: number): number {
  let mixed = value | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/**
 * A number from 0 up to but not including 1 that follows from a seed and from what it is for. There is no state to
 * keep, so a run that is played again, or goes on from the middle, draws the same.
 */
export function chance(seed: number, ...purpose: readonly number[]): number {
  let mixed = mix(seed ^ 0x9e3779b9);
  for (const part of purpose) mixed = mix(mixed ^ mix(part + 0x6d2b79f5));
  return mixed / 0x1_0000_0000;
}

/** A whole number in a range, both ends included. */
export function draw([least, most]: Range, share: number): number {
  return least + Math.floor(share * (most - least + 1));
}

/** The least and the most. */
export type Range = readonly [number, number];

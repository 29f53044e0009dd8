/** The largest number that Raft counts to: terms, indexes and identifiers have 64 bits. */
export const MAX_U64 = 0xffff_ffff_ffff_ffffn;

/** What `value` is, for an error message. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "number" || typeof value === "boolean") return `the ${typeof value} ${value}`;
  if (typeof value === "string") return "a string";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : String(typeof value);
}

/** Takes a term, an index, an identifier or a sequence number. WebAssembly would wrap what is out of range. */
export function u64(value: unknown, name: string): bigint {
  if (typeof value !== "bigint") {
    throw new TypeError(`${name} has to be a bigint such as 1n, not ${describe(value)}`);
  }
  if (value < 0n || value > MAX_U64) {
    throw new RangeError(`${name} has to be from 0n to ${MAX_U64}n, not ${value}n`);
  }
  return value;
}

/** Takes a number of things. */
export function count(value: unknown, name: string, most: number = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== "number") {
    throw new TypeError(`${name} has to be a number, not ${describe(value)}`);
  }
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new RangeError(`${name} has to be a whole number from 0 to ${most}, not ${value}`);
  }
  return value;
}

/** Takes a boolean. */
export function boolean(value: unknown, name: string): boolean {
  if (typeof value !== "boolean") {
    throw new TypeError(`${name} has to be a boolean, not ${describe(value)}`);
  }
  return value;
}

/** Takes an object, whatever is in it. */
export function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`${name} has to be an object, not ${describe(value)}`);
  }
  return value as Record<string, unknown>;
}

/** Takes a text. */
export function text(value: unknown, name: string): string {
  if (typeof value !== "string") {
    throw new TypeError(`${name} has to be a string, not ${describe(value)}`);
  }
  return value;
}

/** Takes bytes. */
export function bytes(value: unknown, name: string): Uint8Array {
  if (!(value instanceof Uint8Array)) {
    throw new TypeError(`${name} has to be a Uint8Array, not ${describe(value)}`);
  }
  return value;
}

/** Takes a list of identifiers. */
export function ids(value: unknown, name: string): bigint[] {
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) {
    throw new TypeError(`${name} has to be a list of bigints, not ${describe(value)}`);
  }
  return Array.from(value as Iterable<unknown>, (id) => u64(id, `${name}[]`));
}

/**
 * Fails to compile where a case of a union is not handled, and throws should one come at run time all the same.
 *
 * ```ts
 * import { assertNever, type Action } from "raftbare";
 *
 * function isSaving(action: Action): boolean {
 *   switch (action.type) {
 *     case "saveCurrentTerm":
 *     case "saveVotedFor":
 *     case "appendLogEntries":
 *       return true;
 *     case "setElectionTimeout":
 *     case "broadcastMessage":
 *     case "sendMessage":
 *     case "installSnapshot":
 *       return false;
 *     default:
 *       return assertNever(action); // a type error, should a case be missing
 *   }
 * }
 * ```
 */
export function assertNever(value: never): never {
  const type = (value as { type?: unknown } | null)?.type;
  throw new TypeError(`this case is not handled: ${typeof type === "string" ? type : describe(value)}`);
}

/**
 * Bytes are no encoding of what is wanted. Nothing has happened: drop them and go on.
 *
 * ```ts
 * import { DecodeError, decodeMessage } from "raftbare";
 *
 * try {
 *   node.handleMessage(decodeMessage(bytes));
 * } catch (error) {
 *   if (!(error instanceof DecodeError)) throw error;
 *   console.warn(`dropped: ${error.message}`); // dropped: byte 0: the encoding ends too early
 * }
 * ```
 */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  /** The byte at which it was seen, counted from 0. */
  readonly offset: number;

  /** @internal */
  constructor(offset: number, problem: string) {
    super(`byte ${offset}: ${problem}`);
    this.offset = offset;
  }
}

/** What may be wrong. The words are the core's. */
export const problem = {
  truncated: "the encoding ends too early",
  trailing: "there are bytes behind the value",
  version: (version: number) => `version ${version} is not known; this is version ${VERSION}`,
  tag: (tag: number) => `tag 0x${tag.toString(16).padStart(2, "0")} is not that of the value`,
  notCanonical: "a number or list is not in its one form",
  indexTooLarge: "an index is above the largest one",
  tooLong: "a limit is exceeded",
};

/** The version that is written, and the only one there is to read. */
export const VERSION = 1;

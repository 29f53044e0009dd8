/** What the lowest three bits of a tag say. */
export const tag = {
  requestVoteCall: 0,
  voteRefused: 1,
  voteGranted: 2,
  appendEntriesCall: 3,
  appendEntriesReply: 4,
  stored: 5,
} as const;

/** What the kind of a stored value says. */
export const stored = { hardState: 0, entries: 1, config: 2 } as const;

/** What the first number of an item says; above these, a number of commands. */
export const item = { term: 0n, config: 1n } as const;

/** Where the kind of a sequence number begins. */
export const KIND_SHIFT = 50n;

/** Modulo 2^64. */
export function wrap(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

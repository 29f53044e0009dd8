import { MAX_U64, object, u64 } from "./check.js";

/**
 * Names a log entry by its term and its index.
 *
 * If two logs contain the same position, they are identical up to it (Log Matching, §5.3).
 *
 * ```ts
 * import { LogPosition, Node } from "raftbare";
 *
 * using node = Node.start(1n);
 * const position: LogPosition = node.createCluster([1n]);
 * console.log(position.term, position.index); // 0n 1n
 * ```
 */
export interface LogPosition {
  /** The term of the entry. */
  readonly term: bigint;
  /** The index of the entry; the first one has 1n. */
  readonly index: bigint;
}

/**
 * What there is to a {@link LogPosition} besides its two numbers.
 *
 * ```ts
 * import { LogPosition } from "raftbare";
 *
 * LogPosition.compare({ term: 3n, index: 4n }, { term: 1n, index: 5n }); // 1: the later term wins
 * ```
 */
export const LogPosition = Object.freeze({
  /** The position before the first entry: term 0n, index 0n. */
  ZERO: Object.freeze({ term: 0n, index: 0n }) as LogPosition,

  /** What a call returns whose preconditions do not hold. No entry stands here: the index is 0n. */
  INVALID: Object.freeze({ term: MAX_U64, index: 0n }) as LogPosition,

  /**
   * Whether this is {@link LogPosition.INVALID}.
   *
   * ```ts
   * LogPosition.isInvalid(node.proposeCommand()); // true wherever the node is not the leader
   * ```
   */
  isInvalid(position: LogPosition): boolean {
    return position.term === MAX_U64 && position.index === 0n;
  },

  /** Whether the two are the same. */
  equals(one: LogPosition, other: LogPosition): boolean {
    return one.term === other.term && one.index === other.index;
  },

  /**
   * Which of two logs that end at these positions is more up-to-date (§5.4.1): negative for the other, positive for
   * the one, 0 for neither. The later term wins; with equal terms the longer log. Fits `Array.prototype.sort`.
   */
  compare(one: LogPosition, other: LogPosition): number {
    const [a, b] = one.term === other.term ? [one.index, other.index] : [one.term, other.term];
    return a < b ? -1 : Number(a > b);
  },
});

/**
 * A position in the notation that the Rust crate, the simulator and all logs use.
 *
 * ```ts
 * formatPosition({ term: 3n, index: 17n }); // "3/17"
 * ```
 */
export function formatPosition(position: LogPosition): string {
  return LogPosition.isInvalid(position) ? "invalid" : `${position.term}/${position.index}`;
}

/** Takes a position from a user. */
export function checkPosition(value: unknown, name: string): LogPosition {
  const { term, index } = object(value, name);
  return { term: u64(term, `${name}.term`), index: u64(index, `${name}.index`) };
}

import type { LogPosition } from "./position.js";
import type { Wire } from "./wire.js";

/** Why a leader has become a follower: a higher term, C_new without it, no majority, a storage that does not report. */
export type StepDown = "higher-term" | "removed" | "silence" | "storage-stalled";

/** How a transfer of leadership has ended. */
export type TransferOutcome = "done" | "timed-out" | "aborted" | "leadership-lost";

/**
 * Something that has happened at a node, for people and counters; see {@link RaftNode.nextEvent}. There may be more
 * types some day.
 *
 * ```ts
 * for (let event; (event = node.nextEvent()) !== undefined; ) {
 *   if (event.type === "steppedDown") console.log(`no leader any more: ${event.reason}`);
 * }
 * ```
 */
export type NodeEvent =
  | { readonly type: "becameLeader"; readonly term: bigint }
  | { readonly type: "steppedDown"; readonly term: bigint; readonly reason: StepDown }
  | { readonly type: "configCommitted"; readonly position: LogPosition }
  | { readonly type: "snapshotWanted"; readonly node: bigint }
  | { readonly type: "followerLostTail"; readonly node: bigint }
  | { readonly type: "transferEnded"; readonly target: bigint; readonly outcome: TransferOutcome };

const REASONS: readonly StepDown[] = ["higher-term", "removed", "silence", "storage-stalled"];
const OUTCOMES: readonly TransferOutcome[] = ["done", "timed-out", "aborted", "leadership-lost"];

/** Reads an event, or that there is none. */
export function readEvent(wire: Wire): NodeEvent | undefined {
  switch (wire.byte()) {
    case 1:
      return { type: "becameLeader", term: wire.integer() };
    case 2:
      return { type: "steppedDown", term: wire.integer(), reason: wire.word(REASONS) };
    case 3:
      return { type: "configCommitted", position: wire.position() };
    case 4:
      return { type: "snapshotWanted", node: wire.integer() };
    case 5:
      return { type: "followerLostTail", node: wire.integer() };
    case 6:
      return { type: "transferEnded", target: wire.integer(), outcome: wire.word(OUTCOMES) };
    default:
      return undefined;
  }
}

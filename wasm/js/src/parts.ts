import { type Binding, type RawNode, put } from "./binding.js";
import { u64 } from "./check.js";
import { Writer } from "./codec/writer.js";
import { type Log, checkLog } from "./log.js";
import { Wire } from "./wire.js";

/** A node in its module. */
export class Parts {
  readonly binding: Binding;
  readonly raw: RawNode;

  constructor(binding: Binding, id: bigint) {
    this.binding = binding;
    this.raw = new binding.RawNode(u64(id, "id"));
  }

  put(write: (writer: Writer) => void): void {
    const writer = new Writer();
    write(writer);
    put(this.binding, this.raw, writer.take());
  }

  at(address: number): Wire {
    return new Wire(this.binding, address);
  }

  /** Puts what was stored in the place of the new node. */
  restart(currentTerm: bigint, votedFor: bigint | undefined, log: Log): this {
    const { snapshotConfig, entries } = log;
    let configLength = 0;
    this.put((writer) => {
      writer.config(snapshotConfig);
      configLength = writer.length;
      writer.entries(entries);
    });
    this.raw.restart(currentTerm, votedFor !== undefined, votedFor ?? 0n, configLength);
    return this;
  }
}

/** Takes what was stored from a user. */
export function checkStored(
  currentTerm: unknown,
  votedFor: unknown,
  log: unknown,
): [currentTerm: bigint, votedFor: bigint | undefined, log: Log] {
  const vote = votedFor === undefined ? undefined : u64(votedFor, "votedFor");
  return [u64(currentTerm, "currentTerm"), vote, checkLog(log, "log")];
}

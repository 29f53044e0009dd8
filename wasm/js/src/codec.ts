import { bytes as checkBytes, count, object, u64 } from "./check.js";
import { type Limits, Reader } from "./codec/reader.js";
import { Writer } from "./codec/writer.js";
import { type ClusterConfig, checkConfig } from "./config.js";
import { type LogEntries, checkEntries } from "./entries.js";
import { type Message, checkMessage } from "./message.js";

/** What {@link SaveCurrentTerm} and {@link SaveVotedFor} store. */
export interface HardState {
  /** {@link RaftNode.currentTerm}. */
  readonly currentTerm: bigint;
  /** {@link RaftNode.votedFor}. */
  readonly votedFor: bigint | undefined;
}

/**
 * A message as bytes, the same as those of the Rust crate: a browser can be in a cluster with a server and a
 * microcontroller. What its commands say is not part of it; see {@link encodeEnvelope}.
 *
 * ```ts
 * encodeMessage({ type: "requestVoteReply", from: 2n, term: 1n, seqno: 9n, voteGranted: true }); // 22 02 01 09
 * ```
 */
export function encodeMessage(message: Message): Uint8Array {
  return write((writer) => writer.message(checkMessage(message)));
}

/**
 * The message in `bytes`, all of them. Takes whatever a stranger sends: throws a {@link DecodeError} if it is no
 * message within the limits, and never takes more memory than these allow.
 *
 * ```ts
 * channel.onmessage = ({ data }) => node.handleMessage(decodeMessage(data));
 * ```
 */
export function decodeMessage(bytes: Uint8Array, limits?: Limits): Message {
  return read(bytes, limits, (reader) => reader.message());
}

/**
 * A message, and with it what its commands say: a payload for each `command` among its entries, in their order.
 *
 * ```ts
 * const payloads = [];
 * for (const [position, entry] of message.entries.iterWithPositions()) {
 *   if (entry.type === "command") payloads.push(commands.get(position.index));
 * }
 * send(encodeEnvelope(message, payloads));
 * ```
 */
export function encodeEnvelope(message: Message, payloads: Iterable<Uint8Array> = []): Uint8Array {
  const all = Array.from(payloads, (payload) => checkBytes(payload, "payloads[]"));
  return write((writer) => {
    const checked = checkMessage(message);
    const wanted = commandsOf(checked);
    if (BigInt(all.length) !== wanted) {
      throw new RangeError(`the message has ${wanted} commands, and there are ${all.length} payloads`);
    }
    writer.message(checked);
    for (const payload of all) {
      writer.number(BigInt(payload.length));
      writer.bytes(payload);
    }
  });
}

/**
 * The message in `bytes`, and the payloads of its commands. Throws as {@link decodeMessage}.
 *
 * ```ts
 * const { message, payloads } = decodeEnvelope(bytes);
 * node.handleMessage(message);
 * ```
 */
export function decodeEnvelope(bytes: Uint8Array, limits?: Limits): { message: Message; payloads: Uint8Array[] } {
  return read(bytes, limits, (reader) => {
    const message = reader.message();
    const payloads: Uint8Array[] = [];
    for (let left = commandsOf(message); left > 0n; left -= 1n) payloads.push(reader.bytes(reader.number()));
    return { message, payloads };
  });
}

/**
 * Log entries as bytes, for a store.
 *
 * ```ts
 * writeAndSync("log", encodeEntries(stored));
 * ```
 */
export function encodeEntries(entries: LogEntries): Uint8Array {
  return write((writer) => writer.entries(checkEntries(entries, "entries")));
}

/** The entries in `bytes`, all of them. Throws a {@link DecodeError} if they are none. */
export function decodeEntries(bytes: Uint8Array, limits?: Limits): LogEntries {
  return read(bytes, limits, (reader) => reader.entries());
}

/**
 * A configuration as bytes, for a store: a snapshot has one.
 *
 * ```ts
 * encodeConfig(new ClusterConfig({ voters: [1n, 2n, 5n] })); // 35 03 01 01 03 00 00
 * ```
 */
export function encodeConfig(config: ClusterConfig): Uint8Array {
  return write((writer) => writer.config(checkConfig(config, "config")));
}

/** The configuration in `bytes`, all of them. Throws a {@link DecodeError} if they are none. */
export function decodeConfig(bytes: Uint8Array, limits?: Limits): ClusterConfig {
  return read(bytes, limits, (reader) => reader.config());
}

/**
 * Term and vote as bytes, for a store.
 *
 * ```ts
 * writeAndSync("state", encodeHardState(node));
 * ```
 */
export function encodeHardState(state: HardState): Uint8Array {
  const { currentTerm, votedFor } = object(state, "state");
  const vote = votedFor === undefined ? undefined : u64(votedFor, "votedFor");
  return write((writer) => writer.hardState(u64(currentTerm, "currentTerm"), vote));
}

/** Term and vote in `bytes`, all of them. Throws a {@link DecodeError} if they are none. */
export function decodeHardState(bytes: Uint8Array, limits?: Limits): HardState {
  return read(bytes, limits, (reader) => reader.hardState());
}

function write(what: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  what(writer);
  return writer.take();
}

function read<T>(bytes: Uint8Array, limits: Limits | undefined, what: (reader: Reader) => T): T {
  const reader = new Reader(checkBytes(bytes, "bytes"), checkLimits(limits));
  const value = what(reader);
  reader.end();
  return value;
}

function checkLimits(value: unknown): Limits {
  if (value === undefined) return {};
  const limits = object(value, "limits");
  const names = ["bytes", "entries", "termsAndConfigs", "members"];
  const given = names.filter((name) => limits[name] !== undefined);
  const checked = (name: string, limit: unknown) => (limit === Infinity ? Infinity : count(limit, name));
  return Object.fromEntries(given.map((name) => [name, checked(`limits.${name}`, limits[name])]));
}

function commandsOf(message: Message): bigint {
  if (message.type !== "appendEntriesCall") return 0n;
  const items = message.entries.items();
  return items.reduce((sum, item) => (item.type === "commands" ? sum + item.count : sum), 0n);
}

/** The private class of the WebAssembly module; see `wasm/src/node.rs`. Numbers are addresses where bytes lie. */
export interface RawNode {
  free(): void;
  reserve(length: number): number;
  restart(currentTerm: bigint, hasVoted: boolean, vote: bigint, configLength: number): boolean;
  createCluster(): number;
  proposeConfig(): number;
  proposeCommand(): number;
  handleMessage(): boolean;
  handleElectionTimeout(): void;
  handleSnapshotInstalled(term: bigint, index: bigint): boolean;
  setOptions(silentTimeouts: number, switches: number, transferTimeouts: number): void;
  handleLogPersisted(term: bigint, index: bigint): void;
  handleHardStatePersisted(term: bigint, hasVoted: boolean, vote: bigint): void;
  transferLeadership(target: bigint): boolean;
  abortTransfer(): boolean;
  nextEvent(): number;
  heartbeat(): boolean;
  readIndex(): object | undefined;
  drain(limit: number): number;
  state(): number;
  member(id: bigint): number;
  log(): number;
  config(): number;
  actions(): number;
  getCommitStatus(term: bigint, index: bigint): number;
  readStatus(read: never): number;
}

/** A module that is ready. */
export interface Binding {
  readonly RawNode: new (id: bigint) => RawNode;
  readonly memory: { readonly buffer: ArrayBuffer };
}

/** The largest argument. What does not fit in memory would end the module. */
const MOST_BYTES = 1 << 24;

let main: Binding | undefined;

/** Makes nodes those of this module from now on. */
export function bind(binding: Binding): void {
  main = binding;
}

/** The module of new nodes. */
export function bound(): Binding {
  if (main === undefined) {
    throw new Error("raftbare is not ready: await init(), or call initSync(), before the first node is made");
  }
  return main;
}

/** Something in the module that has a buffer. */
interface Buffered {
  reserve(length: number): number;
}

/** Puts an argument where the module reads it. */
export function put(binding: Binding, raw: Buffered, bytes: Uint8Array): void {
  if (bytes.length > MOST_BYTES) {
    throw new RangeError(`at most ${MOST_BYTES} bytes can be handed over, not ${bytes.length}`);
  }
  const address = raw.reserve(bytes.length);
  // Only now: memory that has grown has another buffer.
  new Uint8Array(binding.memory.buffer, address, bytes.length).set(bytes);
}

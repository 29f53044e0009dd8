import type { LogEntry, ServerState } from "raftbare/simulator";

export interface Cell {
  readonly index: number;
  readonly term: number;
  readonly kind: LogEntry["type"];
  readonly text: string;
  readonly isCommitted: boolean;
  /** It is in memory, and not on the disk yet. */
  readonly isUnstored: boolean;
  /** Another entry stands here in the log of the leader. */
  readonly isDivergent: boolean;
  /** It is on the disk, and no longer in memory: the next append drops it. */
  readonly isDropped: boolean;
}

export interface Row {
  readonly id: number;
  readonly isUp: boolean;
  readonly isLeader: boolean;
  /** The last index that the snapshot stands for. */
  readonly snapshot: number;
  readonly last: number;
  readonly commit: number;
  readonly match: number | undefined;
  readonly next: number | undefined;
  /** By index, those in the window. */
  readonly cells: ReadonlyMap<number, Cell>;
}

export interface LogTable {
  readonly rows: readonly Row[];
  /** The first and the last index that are shown. */
  readonly from: number;
  readonly to: number;
  /** The last index of all. */
  readonly last: number;
}

/** The leader of the latest term: with whom the others are compared. */
export function presentLeader(servers: readonly ServerState[]): ServerState | undefined {
  const leaders = servers.filter(({ node }) => node?.role === "leader");
  return leaders.sort((one, other) => Number(other.node!.currentTerm - one.node!.currentTerm))[0];
}

/** The page counts as far as numbers of JavaScript do; nobody gets there but a scenario that begins there. */
function lastOf({ node, disk }: ServerState): number {
  const last = Math.max(Number(node?.log.lastPosition.index ?? 0n), Number(disk.log.lastPosition.index));
  return Math.min(last, Number.MAX_SAFE_INTEGER - 1);
}

/** The logs side by side. The window ends at `to`, or with the longest log. */
export function logTable(
  servers: readonly ServerState[],
  next: ReadonlyMap<string, number>,
  width: number,
  to?: number,
): LogTable {
  const leader = presentLeader(servers);
  const last = Math.max(0, ...servers.map(lastOf));
  const end = Math.min(to ?? last, last);
  const from = Math.max(1, end - width + 1);
  const rows = servers.map((server) => row(server, leader, next, from, end));
  return { rows, from, to: end, last };
}

function row(
  server: ServerState,
  leader: ServerState | undefined,
  next: ReadonlyMap<string, number>,
  from: number,
  to: number,
): Row {
  const { node, disk } = server;
  const log = (node ?? disk).log;
  const commit = Number(node?.commitIndex ?? 0n);
  const isLeader = server.id === leader?.id;
  const match = leader?.node?.matchIndexes.get(server.id);
  const cells = new Map<number, Cell>();
  for (let index = from; index <= to; index += 1) {
    const cell = cellAt(server, leader, index, commit);
    if (cell !== undefined) cells.set(index, cell);
  }
  return {
    id: Number(server.id),
    isUp: node !== undefined,
    isLeader,
    snapshot: Number(log.snapshotPosition.index),
    last: Number(log.lastPosition.index),
    commit,
    match: isLeader || match === undefined ? undefined : Number(match),
    next: isLeader ? undefined : next.get(`${leader?.id}>${server.id}`),
    cells,
  };
}

function cellAt(
  { node, disk }: ServerState,
  leader: ServerState | undefined,
  index: number,
  commit: number,
): Cell | undefined {
  const at = BigInt(index);
  const memory = (node ?? disk).log.entries;
  const isInMemory = memory.getEntry(at) !== undefined;
  const entries = isInMemory ? memory : disk.log.entries;
  const entry = entries.getEntry(at);
  const term = entries.getTerm(at);
  if (entry === undefined || term === undefined) return undefined;
  const known = leader?.node?.log;
  const leading = known?.entries.getEntry(at) === undefined ? undefined : known.entries.getTerm(at);
  const isBeyond = known !== undefined && at > known.lastPosition.index;
  return {
    index,
    term: Number(term),
    kind: entry.type,
    text: entryText(entry),
    isCommitted: index <= commit,
    isUnstored: isInMemory && disk.log.entries.getTerm(at) !== term,
    isDivergent: known !== undefined && (isBeyond || (leading !== undefined && leading !== term)),
    isDropped: !isInMemory,
  };
}

/** An entry in words. */
export function entryText(entry: LogEntry): string {
  switch (entry.type) {
    case "command":
      return "a command";
    case "term":
      return `the start of term ${entry.term}`;
    case "clusterConfig":
      return "a configuration";
  }
}

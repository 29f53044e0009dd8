import { createHash } from "node:crypto";
import type { Board, Line } from "./board.js";

/** Sees what the consoles of all boards say, and fails when two of them contradict each other. */
export class Witness {
  /** Per term, who led it. */
  private readonly leaders = new Map<number, number>();
  /** Per index, what was committed there. */
  private readonly entries = new Map<number, string>();
  private readonly states = new Map<Board, State>();
  private readonly applied = new Map<Board, number>();
  private readonly hash = createHash("sha256");

  /** A byte on a wire. */
  seeByte(board: Board, port: number, byte: number, time: number): void {
    this.hash.update(`${board.id} ${port} ${byte} ${time}\n`);
  }

  /** A line of a console. */
  seeLine(board: Board, { time, text }: Line): void {
    this.hash.update(`${board.id} ${time} ${text}\n`);
    if (/^\* node \d+ (starts|has no store)/.test(text)) this.forget(board);
    const role = /^\* (leader of|candidate in|follower of \d+ in|follower in) term (\d+)$/.exec(text);
    if (role !== null) {
      const [isLeader, term] = [role[1] === "leader of", Number(role[2])];
      this.states.set(board, { isLeader, term, since: time });
      if (isLeader) agree(this.leaders, term, board.id, `leaders of term ${term}`);
    }
    const entry = /^\* \d+\/(\d+) (put|del) .*$/.exec(text);
    if (entry !== null) {
      const index = Number(entry[1]);
      agree(this.entries, index, text, `entries at index ${index}`);
      this.applied.set(board, index);
    }
  }

  /** What a board was before counts no more. */
  forget(board: Board): void {
    this.states.delete(board);
    this.applied.delete(board);
  }

  /** Who leads in the newest term, and since when; none if that term has no leader that is seen. */
  get leader(): { board: Board; since: number } | undefined {
    const terms = [...this.states.values()].map(({ term }) => term);
    const newest = Math.max(0, ...terms);
    for (const [board, { isLeader, term, since }] of this.states) {
      if (isLeader && term === newest) return { board, since };
    }
    return undefined;
  }

  /** The index of the newest entry that a board has told to be applied. */
  appliedBy(board: Board): number {
    return this.applied.get(board) ?? 0;
  }

  /** Everything that was seen so far, as a number. */
  trace(): string {
    return this.hash.copy().digest("hex");
  }
}

interface State {
  readonly isLeader: boolean;
  readonly term: number;
  readonly since: number;
}

function agree<T>(known: Map<number, T>, key: number, value: T, what: string): void {
  const before = known.get(key) ?? value;
  if (before !== value) throw new Error(`two ${what}: ${before} and ${value}`);
  known.set(key, value);
}

import type { Board, Port } from "./board.js";
import type { Random } from "./random.js";
import type { Signal } from "./uart.js";

/** How long a byte is under way, in nanoseconds: no board may be further ahead of another one. */
export const LATENCY = 20e3;

/** One end of a cable. */
export interface End {
  readonly board: Board;
  readonly port: Port;
}

/** Two wires and ground between two boards. */
export class Cable {
  /** The probability of a bit to be received wrongly. */
  errors = 0;
  /** How many bytes were damaged. */
  damaged = 0;
  private isCut = false;

  constructor(
    private readonly ends: readonly [End, End],
    private readonly random: Random,
  ) {}

  connects(...boards: Board[]): boolean {
    return boards.every((board) => this.ends.some((end) => end.board === board));
  }

  /** A byte has left a board by a port; this is its cable if it ends there. */
  carry(from: Board, port: Port, byte: number, time: number): void {
    const to = this.other(from, port);
    if (to === undefined || this.isCut) return;
    to.board.receive(to.port, this.noisy(byte), time + LATENCY);
  }

  cut(now: number): void {
    this.isCut = true;
    for (const { board, port } of this.ends) {
      // An open wire that nothing pulls up may be low: the receiver takes that for a break.
      if (!board.pullsUp(port)) board.receive(port, { byte: 0, error: "break" }, now + LATENCY);
    }
  }

  mend(): void {
    this.isCut = false;
  }

  /** A board at one end has lost its power: a chip without power pulls the wire low. */
  lower(board: Board, now: number): void {
    if (this.isCut) return;
    const to = this.ends.find((end) => end.board !== board);
    if (this.connects(board)) to?.board.receive(to.port, { byte: 0, error: "break" }, now + LATENCY);
  }

  private other(board: Board, port: Port): End | undefined {
    const place = this.ends.findIndex((end) => end.board === board && end.port === port);
    return place < 0 ? undefined : this.ends[1 - place];
  }

  private noisy(byte: number): Signal {
    if (this.errors === 0) return { byte };
    let flips = 0;
    for (let bit = 0; bit < 8; bit += 1) if (this.random.happens(this.errors)) flips |= 1 << bit;
    const isFramed = !this.random.happens(this.errors);
    if (flips !== 0 || !isFramed) this.damaged += 1;
    return isFramed ? { byte: byte ^ flips } : { byte: byte ^ flips, error: "framing" };
  }
}

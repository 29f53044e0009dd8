import { Board, type Port } from "./board.js";
import { Cable, LATENCY } from "./cable.js";
import type { Kind } from "./flash.js";
import { Random } from "./random.js";
import type { Page } from "./uf2.js";
import { Witness } from "./witness.js";

/** Nanoseconds in a millisecond. */
const MS = 1e6;
/** How long anything may take, in milliseconds of the cluster. */
const LIMIT = 20_000;
/** A leader that has led for so long, in seconds, has heard a majority. */
const SETTLED = 0.15;

/** Boards in a ring, link 1 of each to link 0 of the next, on one clock: nothing in here depends on the host. */
export class Cluster {
  readonly boards: readonly Board[];
  readonly cables: readonly Cable[];
  readonly witness = new Witness();
  readonly random: Random;
  /** Nanoseconds since the start. */
  now = 0;
  /** Bytes that have left by all links. */
  bytes = 0;

  constructor(image: Page[], count: number, seed: number) {
    this.random = new Random(seed);
    this.boards = Array.from({ length: count }, (_, at) => new Board(at + 1, new Random(this.random.next()), image));
    this.cables = this.boards.map((board, at) => {
      const next = this.boards[(at + 1) % count] ?? board;
      const ends = [
        { board, port: 1 },
        { board: next, port: 0 },
      ] as const;
      return new Cable(ends, new Random(this.random.next()));
    });
    for (const board of this.boards) {
      board.onByte = (port, byte, time) => this.carry(board, port, byte, time);
      board.onLine = (line) => this.witness.seeLine(board, line);
      board.powerOn(0);
    }
  }

  board(id: number): Board {
    const board = this.boards[id - 1];
    if (board === undefined) throw new Error(`there is no node ${id}`);
    return board;
  }

  /** The cable between two nodes. */
  cable(one: number, other: number): Cable {
    const cable = this.cables.find((cable) => cable.connects(this.board(one), this.board(other)));
    if (cable === undefined) throw new Error(`there is no cable between ${one} and ${other}`);
    return cable;
  }

  /** Lets so many milliseconds pass. */
  run(ms: number): void {
    const end = this.now + ms * MS;
    while (this.now < end) this.step(end);
  }

  /** Lets time pass until something has happened. */
  until<T>(what: string, look: () => T | undefined | false): T {
    const end = this.now + LIMIT * MS;
    for (;;) {
      const seen = look();
      if (seen !== undefined && seen !== false) return seen;
      if (this.now >= end) throw new Error(`waited for ${what} in vain\n${this.story()}`);
      this.step(end);
    }
  }

  powerOff(board: Board): void {
    board.powerOff();
    this.witness.forget(board);
    for (const cable of this.cables) cable.lower(board, this.now);
  }

  powerOn(board: Board): void {
    board.powerOn(this.now);
  }

  /** Takes the power away while the flash erases a sector or programs a page. */
  tear(board: Board, kind: Kind): void {
    this.until(`node ${board.id} to ${kind}`, () => board.flashes === kind);
    this.run((board.flashTime / MS) * (this.random.below(100) / 100));
    if (board.flashes !== kind) throw new Error("the power is to fail meanwhile");
    this.powerOff(board);
  }

  /** Types a line; returns the answer. */
  ask(board: Board, line: string): string {
    const said = board.lines.length;
    board.type(line);
    const isAnswer = (text: string): boolean => /^(ok|error) /.test(text);
    return this.until(`an answer of node ${board.id} to \`${line}\``, () =>
      board.lines.slice(said).find(({ text }) => isAnswer(text)),
    ).text;
  }

  /** Waits until all of these have said a line that contains this, since they have started. */
  expect(text: string, boards: readonly Board[] = this.boards): void {
    for (const board of boards) {
      const isSaid = (): boolean => board.lines.slice(board.linesBefore).some((line) => line.text.includes(text));
      this.until(`node ${board.id} to say \`${text}\``, isSaid);
    }
  }

  /** The first start: every board has to be formatted, and one founds the cluster. */
  found(): void {
    for (const { id, lines } of this.boards) {
      this.until(`node ${id} to start`, () => lines.some(({ text }) => text === NO_STORE(id)));
    }
    const [first, ...others] = this.boards;
    for (const board of others) must(this.ask(board, "format"), "ok formatting");
    const ids = this.boards.map(({ id }) => id);
    if (first !== undefined) must(this.ask(first, `format ${ids.join(" ")}`), "ok formatting");
    this.leader();
  }

  /** Waits for a leader that has settled. */
  leader(): Board {
    return this.until("a leader", () => {
      const leader = this.witness.leader;
      return leader !== undefined && this.now / 1e9 - leader.since > SETTLED && leader.board;
    });
  }

  /** Those that do not lead, and have power. */
  followers(): Board[] {
    const leader = this.leader();
    return this.boards.filter((board) => board !== leader && board.hasPower);
  }

  /** Sets a key at the leader, and waits until all with power have applied that. */
  put(key: string, value: string): void {
    const index = this.atLeader(`put ${key} ${value}`, /^ok (?:added|changed) at \d+\/(\d+) in \d+ ms$/);
    const boards = this.boards.filter((board) => board.hasPower);
    for (const board of boards) this.catchUp(board, Number(index));
  }

  /** Waits until a board has applied the entry at this index; as a rule, all that is committed. */
  catchUp(board: Board, index = this.count(this.leader(), "commit")): void {
    let asked = this.now;
    this.until(`node ${board.id} to apply the entry at ${index}`, () => {
      if (this.witness.appliedBy(board) >= index) return true;
      // Of many entries at once its console leaves some out.
      if (this.now - asked < 500 * MS) return false;
      asked = this.now;
      return (this.find(board, "applied") ?? 0) >= index;
    });
  }

  /** Reads a key at the leader. */
  get(key: string): string {
    return this.atLeader(`get ${key}`, new RegExp(`^ok ${key} = (.*) in \\d+ ms$`));
  }

  /** A number that `status` of a board tells. */
  count(board: Board, name: string): number {
    const found = this.find(board, name);
    if (found === undefined) throw new Error(`node ${board.id} tells no ${name}\n${this.story()}`);
    return found;
  }

  /** What the consoles have said, in the order of time. */
  story(): string {
    const lines = this.boards.flatMap(({ id, lines }) => lines.map((line) => ({ id, ...line })));
    lines.sort((one, other) => one.time - other.time);
    return lines.map(({ time, id, text }) => `${time.toFixed(3).padStart(8)} ${id}> ${text}`).join("\n");
  }

  private find(board: Board, name: string): number | undefined {
    const found = new RegExp(` ${name} (\\d+)`).exec(this.ask(board, "status"));
    return found === null ? undefined : Number(found[1]);
  }

  private atLeader(line: string, expected: RegExp): string {
    let answer = "";
    for (let attempt = 0; attempt < 20; attempt += 1) {
      answer = this.ask(this.leader(), line);
      const found = expected.exec(answer);
      if (found !== null) return found[1] ?? "";
      this.run(300);
    }
    throw new Error(`the answer to \`${line}\` was \`${answer}\`, again and again\n${this.story()}`);
  }

  private step(end: number): void {
    // Where nothing happens anywhere, time passes at once.
    let next = Infinity;
    for (const board of this.boards) next = Math.min(next, board.next);
    this.now = Math.min(Math.max(this.now, next) + LATENCY, end);
    for (const board of this.boards) board.run(this.now);
  }

  private carry(board: Board, port: Port, byte: number, time: number): void {
    this.bytes += 1;
    this.witness.seeByte(board, port, byte, time);
    for (const cable of this.cables) cable.carry(board, port, byte, time);
  }
}

const NO_STORE = (id: number): string => `* node ${id} has no store: there is no store yet: \`format\``;

function must(answer: string, expected: string): void {
  if (answer !== expected) throw new Error(`the answer is \`${answer}\`, not \`${expected}\``);
}

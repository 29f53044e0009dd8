import { BasePeripheral, type RP2040 } from "rp2040js";

const [DR, RSR, FR, IBRD, FBRD, LCR_H, CR, IFLS, IMSC, RIS, MIS, ICR, DMACR] = [
  0x00, 0x04, 0x18, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x38, 0x3c, 0x40, 0x44, 0x48,
];

/** Bits of FR. */
const [BUSY, RX_EMPTY, TX_FULL, RX_FULL, TX_EMPTY] = [1 << 3, 1 << 4, 1 << 5, 1 << 6, 1 << 7];
/** Bits of LCR_H and CR. */
const [FIFOS_ON, RECEIVER_ON, TRANSMITTER_ON, UART_ON] = [1 << 4, 1 << 9, 1 << 8, 1 << 0];
/** Interrupts. */
const [RX, TX, TIMEOUT] = [1 << 4, 1 << 5, 1 << 6];
/** Errors in DR: each is one bit above its interrupt. */
const [FRAMING, BREAK, OVERRUN] = [1 << 8, 1 << 10, 1 << 11];

const DEPTH = 32;
/** Bytes in a FIFO at which an interrupt comes, by the bits of IFLS. */
const LEVELS = [4, 8, 16, 24, 28];
/** Start, eight bits, stop. */
const BITS = 10;
/** After so many bits of silence, bytes below the level are told of, too. */
const SILENCE = 32;

/** What comes in by a wire. */
export type Signal = { readonly byte: number; readonly error?: "framing" | "break" };

/** The PL011 of the RP2040: two FIFOs with levels, a timeout, errors, and bytes that take their time on the wire. */
export class Uart extends BasePeripheral {
  /** A byte has left. */
  onByte: (byte: number) => void = () => {};
  /** Bytes that found the FIFO full. */
  overruns = 0;

  private readonly out: number[] = [];
  private readonly in: number[] = [];
  private shifting: number | undefined;
  private isOverrun = false;
  private pending = 0;
  private mask = 0;
  private control = RECEIVER_ON | TRANSMITTER_ON;
  private line = 0;
  private levels = 0b010_010;
  private divisor = 0;
  private fraction = 0;
  private readonly shifted;
  private readonly silent;

  constructor(
    chip: RP2040,
    name: string,
    private readonly irq: number,
  ) {
    super(chip, name);
    this.shifted = chip.clock.createAlarm(() => this.byteHasLeft());
    this.silent = chip.clock.createAlarm(() => this.lineIsSilent());
  }

  /** Something has come in. */
  receive({ byte, error }: Signal): void {
    const isOn = (this.control & RECEIVER_ON) !== 0 && (this.control & UART_ON) !== 0;
    if (!isOn) return;
    if (this.in.length >= this.depth) {
      this.overruns += 1;
      this.isOverrun = true;
      this.raise(OVERRUN >> 1);
      return;
    }
    // A break is a framing error, too.
    const errors = error === "break" ? BREAK | FRAMING : error === "framing" ? FRAMING : 0;
    this.in.push(byte | errors | (this.isOverrun ? OVERRUN : 0));
    this.isOverrun = false;
    this.silent.schedule(this.bitTime * SILENCE);
    this.raise((errors >> 1) | (this.in.length >= this.rxLevel ? RX : 0));
  }

  override readUint32(offset: number): number {
    switch (offset) {
      case DR:
        return this.take();
      case RSR:
        return 0;
      case FR:
        return this.flags;
      case IBRD:
        return this.divisor;
      case FBRD:
        return this.fraction;
      case LCR_H:
        return this.line;
      case CR:
        return this.control;
      case IFLS:
        return this.levels;
      case IMSC:
        return this.mask;
      case RIS:
        return this.pending;
      case MIS:
        return this.pending & this.mask;
      case DMACR:
        return 0;
      default:
        return super.readUint32(offset);
    }
  }

  override writeUint32(offset: number, value: number): void {
    switch (offset) {
      case DR:
        this.put(value & 0xff);
        break;
      case IBRD:
        this.divisor = value & 0xffff;
        break;
      case FBRD:
        this.fraction = value & 0x3f;
        break;
      case LCR_H:
        this.line = value;
        break;
      case CR:
        this.control = value;
        break;
      case IFLS:
        this.levels = value;
        break;
      case IMSC:
        this.mask = value & 0x7ff;
        this.update();
        break;
      case ICR:
        this.pending &= ~value;
        this.update();
        break;
      case DMACR:
        if (value !== 0) throw new Error(`${this.name}: DMA is not emulated`);
        break;
      default:
        super.writeUint32(offset, value);
    }
  }

  /** Nanoseconds of a bit. */
  get bitTime(): number {
    return (1e9 * 16 * (this.divisor + this.fraction / 64)) / this.rp2040.clkPeri;
  }

  private get depth(): number {
    return (this.line & FIFOS_ON) !== 0 ? DEPTH : 1;
  }

  private get rxLevel(): number {
    return this.depth === 1 ? 1 : (LEVELS[(this.levels >> 3) & 7] ?? DEPTH);
  }

  private get txLevel(): number {
    return this.depth === 1 ? 0 : (LEVELS[this.levels & 7] ?? DEPTH);
  }

  private get flags(): number {
    let flags = 0;
    if (this.in.length === 0) flags |= RX_EMPTY;
    if (this.in.length >= this.depth) flags |= RX_FULL;
    if (this.out.length === 0) flags |= TX_EMPTY;
    if (this.out.length >= this.depth) flags |= TX_FULL;
    if (this.out.length > 0 || this.shifting !== undefined) flags |= BUSY;
    return flags;
  }

  private take(): number {
    const value = this.in.shift() ?? 0;
    if (this.in.length < this.rxLevel) this.pending &= ~RX;
    if (this.in.length === 0) {
      this.pending &= ~TIMEOUT;
      this.silent.cancel();
    }
    this.update();
    return value;
  }

  private put(byte: number): void {
    const isOn = (this.control & TRANSMITTER_ON) !== 0 && (this.control & UART_ON) !== 0;
    if (!isOn || this.out.length >= this.depth) return;
    this.out.push(byte);
    if (this.out.length > this.txLevel) this.pending &= ~TX;
    this.shift();
  }

  /** Begins with the next byte, if the one before has left. The interrupt comes as the level is passed downwards. */
  private shift(): void {
    if (this.shifting !== undefined) return;
    this.shifting = this.out.shift();
    if (this.shifting === undefined) return;
    this.shifted.schedule(this.bitTime * BITS);
    if (this.out.length === this.txLevel) this.raise(TX);
  }

  private byteHasLeft(): void {
    const byte = this.shifting;
    this.shifting = undefined;
    if (byte !== undefined) this.onByte(byte);
    this.shift();
  }

  private lineIsSilent(): void {
    if (this.in.length > 0) this.raise(TIMEOUT);
  }

  private raise(interrupts: number): void {
    this.pending |= interrupts;
    this.update();
  }

  private update(): void {
    this.rp2040.setInterrupt(this.irq, (this.pending & this.mask) !== 0);
  }
}

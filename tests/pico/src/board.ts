import { GPIOPinState } from "rp2040js";
import { Chip, type Restart } from "./chip.js";
import { Console } from "./console.js";
import { FLASH_LENGTH, FLASH_START, type Kind } from "./flash.js";
import type { Random } from "./random.js";
import type { Signal } from "./uart.js";
import type { Page } from "./uf2.js";

/** The pins, as the README of the firmware tells to wire them. */
const STRAPS = [2, 3, 6];
const LAMP = 25;
const LINKS = [
  { out: 0, in: 1 },
  { out: 4, in: 5 },
] as const;
/** The function of a pin that belongs to a UART. */
const UART = 2;

export type Port = 0 | 1;

/** A line of its console. */
export interface Line {
  /** Seconds since the power of the cluster came. */
  readonly time: number;
  readonly text: string;
}

/** A Raspberry Pi Pico on a desk: straps, a lamp, two links, and a USB cable that brings power and a console. */
export class Board {
  readonly lines: Line[] = [];
  /** How many of them were said before this life. */
  linesBefore = 0;
  /** Why it has started again without a loss of power. */
  readonly restarts: Restart[] = [];
  onByte: (port: Port, byte: number, time: number) => void = () => {};
  onLine: (line: Line) => void = () => {};

  private flash = new Uint8Array(FLASH_LENGTH).fill(0xff);
  private chip: Chip | undefined;
  private console: Console | undefined;
  /** When this life began. */
  private start = 0;
  private isHung = false;
  private lamp = { isOn: false, since: 0, total: 0 };

  constructor(
    readonly id: number,
    private readonly random: Random,
    image: Page[],
  ) {
    for (const { address, bytes } of image) this.flash.set(bytes, address - FLASH_START);
  }

  get hasPower(): boolean {
    return this.chip !== undefined;
  }

  powerOn(now: number): void {
    if (this.chip === undefined) this.begin(now);
  }

  powerOff(): void {
    if (this.chip === undefined) return;
    this.chip.flash.tear(this.random);
    this.flash = this.chip.rp.flash.slice(0, FLASH_LENGTH);
    this.chip = undefined;
    this.console = undefined;
    this.lamp.isOn = false;
  }

  /** Runs until this time, in nanoseconds. */
  run(until: number): void {
    const { chip } = this;
    if (chip === undefined) return;
    this.pullStraps(chip);
    chip.run(until - this.start);
    if (chip.restart !== undefined) {
      if (!this.isHung) throw new Error(`node ${this.id} starts again by itself: ${chip.restart}`);
      this.restarts.push(chip.restart);
      this.flash = chip.rp.flash.slice(0, FLASH_LENGTH);
      this.begin(this.start + chip.clock.nanos, chip);
    }
  }

  /** When it does something next. */
  get next(): number {
    return this.chip === undefined ? Infinity : this.start + this.chip.next;
  }

  type(line: string): void {
    if (this.console === undefined) throw new Error(`node ${this.id} has no power: nobody can type there`);
    this.console.type(line);
  }

  /** Something comes in by a link, at a time that is not over yet. */
  receive(port: Port, signal: Signal, time: number): void {
    const { chip } = this;
    if (chip === undefined || !isConnected(chip, LINKS[port].in)) return;
    const alarm = chip.clock.createAlarm(() => chip.uarts[port].receive(signal));
    alarm.schedule(time - this.start - chip.clock.nanos);
  }

  /** Whether an open wire at a link is quiet, as the pin pulls it up. */
  pullsUp(port: Port): boolean {
    return this.chip?.rp.gpio[LINKS[port].in]?.pullupEnabled ?? false;
  }

  /** What its flash is at. */
  get flashes(): Kind | undefined {
    return this.chip?.flash.busyWith;
  }

  /** Nanoseconds of work that are left of it. */
  get flashTime(): number {
    const { chip } = this;
    return (chip?.flash.busyUntil ?? 0) - (chip?.clock.nanos ?? 0);
  }

  /** Nanoseconds for which its processor has worked in this life. */
  get busyTime(): number {
    return this.chip === undefined ? 0 : (this.chip.rp.core.cycles * 1e9) / this.chip.rp.clkSys;
  }

  /** Nanoseconds for which the lamp was on. */
  lampTime(now: number): number {
    return this.lamp.total + (this.lamp.isOn ? now - this.lamp.since : 0);
  }

  /** Its processor does nothing useful any more, as after a mistake in the firmware. */
  hang(): void {
    this.isHung = true;
    this.chip?.rom.hang();
  }

  private begin(now: number, before?: Chip): void {
    const { flash, random } = this;
    this.start = now;
    this.isHung = false;
    this.linesBefore = this.lines.length;
    const chip = new Chip({ flash, random, memory: before?.rp.sram, restart: before?.restart });
    this.chip = chip;
    this.console = new Console(chip, (text) => {
      const line = { time: (this.start + chip.clock.nanos) / 1e9, text };
      this.lines.push(line);
      this.onLine(line);
    });
    chip.uarts.forEach((uart, port) => {
      uart.onByte = (byte) => {
        if (isConnected(chip, LINKS[port as Port].out)) this.onByte(port as Port, byte, this.start + chip.clock.nanos);
      };
    });
    chip.rp.gpio[LAMP]?.addListener((state) => this.shine(state === GPIOPinState.High, this.start + chip.clock.nanos));
  }

  /** A strap to ground is low; one that is open is what its pin pulls it to. */
  private pullStraps(chip: Chip): void {
    STRAPS.forEach((pin, bit) => {
      const gpio = chip.rp.gpio[pin];
      const isGrounded = (((this.id - 1) >> bit) & 1) === 1;
      const isHigh = !isGrounded && gpio?.pullupEnabled === true;
      if (gpio !== undefined && gpio.inputValue !== isHigh) gpio.setInputValue(isHigh);
    });
  }

  private shine(isOn: boolean, now: number): void {
    const { lamp } = this;
    if (lamp.isOn) lamp.total += now - lamp.since;
    this.lamp = { ...lamp, isOn, since: now };
  }
}

function isConnected(chip: Chip, pin: number): boolean {
  return chip.rp.gpio[pin]?.functionSelect === UART;
}

import { type Logger, type Peripheral, RP2040 } from "rp2040js";
import { Clock } from "./clock.js";
import { Flash } from "./flash.js";
import type { Random } from "./random.js";
import { flashCache, regulator, RingOscillator } from "./registers.js";
import { Rom } from "./rom.js";
import { Uart } from "./uart.js";

/** Where peripherals are, as the emulator counts. */
const [XIP_CTRL, UART0, UART1, WATCHDOG, ROSC, VREG] = [0x14000, 0x40034, 0x40038, 0x40058, 0x40060, 0x40064];
const [UART0_IRQ, UART1_IRQ] = [20, 21];
const WATCHDOG_REASON = 0x08;
/** A register of the core, and its bit for a reset that the firmware asks for. */
const [AIRCR, SYSRESETREQ] = [0xd0c, 1 << 2];

/** Why a chip starts again: its watchdog, or the firmware asks for it. */
export type Restart = "watchdog" | "request";

/** What a chip begins a life with. */
export interface Life {
  /** What the flash holds. */
  readonly flash: Uint8Array;
  /** What the life before left in memory; after a loss of power there is noise. */
  readonly memory?: Uint8Array | undefined;
  readonly restart?: Restart | undefined;
  /** The noise. */
  readonly random: Random;
}

/** An RP2040 as rp2040js emulates it, with what that lacks to run this firmware: one life of it, from boot on. */
export class Chip {
  readonly clock = new Clock();
  readonly rp: RP2040;
  readonly flash: Flash;
  readonly rom: Rom;
  readonly uarts: readonly [Uart, Uart];
  /** Set when this life is over. */
  restart: Restart | undefined;

  /** Nanoseconds. */
  private cycle: number;

  constructor({ flash, memory, restart, random }: Life) {
    const rp = new RP2040(this.clock);
    this.rp = rp;
    rp.logger = this.logger();
    this.flash = new Flash(rp.flash);
    this.rom = new Rom(rp, this.flash);
    rp.flash.set(flash);
    if (memory !== undefined) rp.sram.set(memory);
    else for (let at = 0; at < rp.sram.length; at += 4) rp.sramView.setUint32(at, random.next());
    this.uarts = [new Uart(rp, "UART0", UART0_IRQ), new Uart(rp, "UART1", UART1_IRQ)];
    rp.peripherals[UART0] = this.uarts[0];
    rp.peripherals[UART1] = this.uarts[1];
    rp.peripherals[XIP_CTRL] = flashCache(rp);
    rp.peripherals[VREG] = regulator(rp);
    rp.peripherals[ROSC] = new RingOscillator(rp, random);
    this.connectResets(restart);
    this.cycle = 1e9 / rp.clkSys;
    rp.addClockListener((frequency) => (this.cycle = 1e9 / frequency));
    this.rom.boot();
  }

  /** Runs until this time of its clock, or until this life is over. */
  run(until: number): void {
    const { clock, flash } = this;
    const { core } = this.rp;
    while (clock.nanos < until && this.restart === undefined) {
      const { busyUntil } = flash;
      if (busyUntil !== undefined) {
        // The processor waits in the boot ROM, with interrupts off.
        clock.advance(Math.min(busyUntil, until));
        if (clock.nanos >= busyUntil) flash.finish();
      } else if (core.waiting) {
        clock.advance(Math.min(clock.next, until));
      } else {
        clock.advance(clock.nanos + core.executeInstruction() * this.cycle);
      }
    }
  }

  /** When it does something next, by its clock. */
  get next(): number {
    const { clock, flash } = this;
    if (flash.busyUntil !== undefined) return Math.min(flash.busyUntil, clock.next);
    return this.rp.core.waiting ? clock.next : clock.nanos;
  }

  private connectResets(restart: Restart | undefined): void {
    const { ppb, peripherals } = this.rp;
    const write = ppb.writeUint32.bind(ppb);
    ppb.writeUint32 = (offset, value) => {
      if (offset !== AIRCR) write(offset, value);
      else if ((value & SYSRESETREQ) !== 0) this.restart = "request";
    };
    const watchdog = peripherals[WATCHDOG] as Watchdog;
    watchdog.onWatchdogTrigger = () => {
      this.restart = "watchdog";
      // Else it would ring at this moment for ever.
      watchdog.alarm.enable = false;
    };
    const read = watchdog.readUint32.bind(watchdog);
    watchdog.readUint32 = (offset) => {
      if (offset !== WATCHDOG_REASON) return read(offset);
      return restart === "watchdog" ? 1 : 0;
    };
  }

  private logger(): Logger {
    return {
      debug() {},
      info: (_, message) => {
        // The emulator only tells of this instruction, which is to end the next wait for an event.
        if (message === "SEV") this.rp.core.eventRegistered = true;
      },
      warn: complain,
      error: complain,
    };
  }
}

/** That of the emulator. */
type Watchdog = Peripheral & { onWatchdogTrigger: () => void; readonly alarm: { enable: boolean } };

/** What the emulator does not know is no address, register or instruction that this firmware should come to. */
function complain(part: string, message: string): void {
  // The driver of the USB writes zeros to all registers.
  if (part === "USB" && /^Unimplemented peripheral write to 0x\w+: 0x0$/.test(message)) return;
  throw new Error(`${part}: ${message}`);
}

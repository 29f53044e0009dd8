import type { RP2040 } from "rp2040js";
import { FLASH_START, type Flash, PAGE } from "./flash.js";

/** Where the boot ROM of the chip puts the first page of the flash, and starts it. */
const BOOT = 0x20041f00;

/** Half-words at fixed places of the ROM, by which firmware finds functions, and the code of a loop that idles. */
const FUNCTION_TABLE = 0x14;
const LOOKUP = 0x18;
const IDLE = 0x40;
const STUBS = 0x100;

/** The functions that firmware asks for, by their codes; the first one finds the others. */
const FUNCTIONS = ["lookup", "IF", "EX", "RE", "RP", "FC", "CX", "MC", "C4", "MS", "S4"] as const;
type Name = (typeof FUNCTIONS)[number];

const [BKPT, BX_LR, WFI, BACK_BY_TWO] = [0xbe00, 0x4770, 0xbf30, 0xe7fd];

/** In place of the boot ROM: each function is a breakpoint, which is served here. */
export class Rom {
  constructor(
    private readonly chip: RP2040,
    private readonly flash: Flash,
  ) {
    const rom = new DataView(new ArrayBuffer(0x4000));
    rom.setUint16(FUNCTION_TABLE, STUBS, true);
    rom.setUint16(LOOKUP, STUBS | 1, true);
    rom.setUint16(IDLE, WFI, true);
    rom.setUint16(IDLE + 2, BACK_BY_TWO, true);
    FUNCTIONS.forEach((_, number) => {
      rom.setUint16(STUBS + 4 * number, BKPT | number, true);
      rom.setUint16(STUBS + 4 * number + 2, BX_LR, true);
    });
    chip.loadBootrom(new Uint32Array(rom.buffer));
    chip.onBreak = (code) => this.call(code);
  }

  /** Starts what is in the flash, if its first page has the right checksum, as the boot ROM does. */
  boot(): void {
    const { chip } = this;
    const page = chip.flash.slice(0, PAGE);
    const sum = new DataView(page.buffer).getUint32(PAGE - 4, true);
    if (checksum(page.subarray(0, PAGE - 4)) !== sum) throw new Error("the flash has no second stage of booting");
    chip.sram.set(page, BOOT - 0x20000000);
    chip.core.VTOR = 0;
    chip.core.LR = 0;
    chip.core.SP = BOOT;
    chip.core.PC = BOOT;
  }

  /** The processor does nothing but serve interrupts from here on, as after a mistake in the firmware. */
  hang(): void {
    this.chip.core.PC = IDLE;
  }

  private call(code: number): void {
    const { registers } = this.chip.core;
    const [first = 0, second = 0, third = 0] = registers;
    const name = FUNCTIONS[code];
    switch (name) {
      case "lookup":
        registers[0] = stub(second);
        break;
      case "IF":
      case "EX":
      case "FC":
      case "CX":
        // The connection to the flash is not emulated.
        break;
      case "RE":
        this.checkQuiet(name);
        this.flash.erase(first, second, this.chip.clock.nanos);
        break;
      case "RP":
        this.checkQuiet(name);
        this.flash.program(first, this.read(second, third), this.chip.clock.nanos);
        break;
      case "MC":
      case "C4":
        this.read(second, third).forEach((byte, at) => this.chip.writeUint8(first + at, byte));
        break;
      case "MS":
      case "S4":
        for (let at = 0; at < third; at += 1) this.chip.writeUint8(first + at, second & 0xff);
        break;
      case undefined:
        throw new Error(`breakpoint ${code} at ${this.chip.core.PC.toString(16)}: the firmware has failed`);
    }
  }

  /** While the flash is busy, no code in it can run: not that of interrupts either. */
  private checkQuiet(name: Name): void {
    const { core } = this.chip;
    if (!core.PM) throw new Error(`interrupts are on during ${name}`);
    if (core.LR >= FLASH_START && core.LR < 2 * FLASH_START) throw new Error(`${name} returns to the flash`);
  }

  private read(address: number, length: number): Uint8Array {
    return Uint8Array.from({ length }, (_, at) => this.chip.readUint8(address + at));
  }
}

/** The address of a function, or 0. */
function stub(code: number): number {
  const name = String.fromCharCode(code & 0xff, code >>> 8);
  const number = FUNCTIONS.indexOf(name as Name);
  return number < 0 ? 0 : (STUBS + 4 * number) | 1;
}

/** The CRC-32 of the boot ROM: of MPEG-2, bits not reflected. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}

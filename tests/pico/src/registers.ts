import { BasePeripheral, type RP2040 } from "rp2040js";
import type { Random } from "./random.js";

/** Registers that keep what is written, and do nothing. */
export class Registers extends BasePeripheral {
  private readonly values: Map<number, number>;

  constructor(chip: RP2040, name: string, values: ReadonlyArray<readonly [offset: number, value: number]> = []) {
    super(chip, name);
    this.values = new Map(values);
  }

  override readUint32(offset: number): number {
    return this.values.get(offset) ?? 0;
  }

  override writeUint32(offset: number, value: number): void {
    this.values.set(offset, value);
  }
}

/** The switches of the flash's cache, which is on, with nothing under way. */
export function flashCache(chip: RP2040): Registers {
  const [control, status] = [0x00, 0x08];
  return new Registers(chip, "XIP_CTRL", [
    [control, 3],
    [status, 2],
  ]);
}

/** The voltage regulator, as it is after a reset. */
export function regulator(chip: RP2040): Registers {
  const [voltage, brownOut] = [0x00, 0x04];
  return new Registers(chip, "VREG_AND_CHIP_RESET", [
    [voltage, 0x10b1],
    [brownOut, 0x91],
  ]);
}

/** The ring oscillator, whose noise is where the firmware gets random bits from. */
export class RingOscillator extends Registers {
  constructor(
    chip: RP2040,
    private readonly noise: Random,
  ) {
    super(chip, "ROSC");
  }

  override readUint32(offset: number): number {
    const [status, randomBit] = [0x18, 0x1c];
    const [isStable, isOn] = [1 << 31, 1 << 12];
    if (offset === status) return isStable | isOn;
    if (offset === randomBit) return this.noise.next() >>> 31;
    return super.readUint32(offset);
  }
}

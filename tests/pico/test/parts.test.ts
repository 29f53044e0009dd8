// The parts of the emulation that a mistake in the firmware has to run into.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Chip } from "../src/chip.js";
import { FLASH_LENGTH, FLASH_START, Flash, PAGE, SECTOR } from "../src/flash.js";
import { Random } from "../src/random.js";
import { pages } from "../src/uf2.js";
import { Witness } from "../src/witness.js";
import { Board } from "../src/board.js";
import { image } from "./image.js";

/** A chip with the firmware in its flash. */
function chip(): Chip {
  const flash = new Uint8Array(FLASH_LENGTH).fill(0xff);
  for (const { address, bytes } of image()) flash.set(bytes, address - FLASH_START);
  return new Chip({ flash, random: new Random(1) });
}

test("a UF2 file for another chip, or with blocks missing, is refused", () => {
  const block = new DataView(new ArrayBuffer(512));
  const words: Array<[number, number]> = [
    [0, 0x0a324655],
    [4, 0x9e5d5157],
    [8, 0x2000],
    [12, FLASH_START],
    [16, 256],
    [20, 0],
    [24, 1],
    [28, 0xe48bff56],
    [508, 0x0ab16f30],
  ];
  for (const [at, word] of words) block.setUint32(at, word, true);
  const file = new Uint8Array(block.buffer);
  assert.equal(pages(file)[0]?.address, FLASH_START);
  for (const [at] of words) {
    const broken = file.slice();
    broken[at] = (broken[at] ?? 0) ^ 1;
    assert.throws(() => pages(broken), /block 0 of the UF2 file/, `word at ${at}`);
  }
});

test("a flash is erased to ones, programmed to zeros, and both take time", () => {
  const bytes = new Uint8Array(FLASH_LENGTH).fill(0xff);
  const flash = new Flash(bytes);
  flash.program(PAGE, new Uint8Array(PAGE).fill(0x0f), 0);
  assert.deepEqual([flash.busyWith, flash.busyUntil, bytes[PAGE]], ["program", 0.4e6, 0xff]);
  assert.throws(() => flash.erase(0, SECTOR, 0), /busy/);
  flash.finish();
  flash.program(PAGE, new Uint8Array(PAGE).fill(0xf1), 1e6);
  flash.finish();
  assert.equal(bytes[PAGE], 0x01);
  assert.throws(() => flash.program(PAGE + 1, new Uint8Array(PAGE), 2e6), /units of 256/);
  assert.throws(() => flash.erase(PAGE, SECTOR, 2e6), /units of 4096/);
  flash.erase(0, SECTOR, 2e6);
  assert.deepEqual([flash.busyWith, flash.busyUntil], ["erase", 47e6]);
  flash.finish();
  assert.equal(bytes[PAGE], 0xff);
});

test("a change of the flash that is torn is made in part", () => {
  const random = new Random(1);
  const isMade = Array.from({ length: 40 }, () => {
    const bytes = new Uint8Array(FLASH_LENGTH).fill(0xff);
    const flash = new Flash(bytes);
    flash.program(0, new Uint8Array(PAGE), 0);
    flash.tear(random);
    assert.equal(flash.busyWith, undefined);
    return bytes.subarray(0, PAGE).reduce((sum, byte) => sum + byte, 0) / (255 * PAGE);
  });
  assert.ok(isMade.some((share) => share < 0.3) && isMade.some((share) => share > 0.7), `${isMade}`);
  assert.ok(isMade.filter((share) => share > 0 && share < 1).length > 35, `${isMade}`);
});

test("an image whose first page is damaged does not start", () => {
  const flash = new Uint8Array(FLASH_LENGTH).fill(0xff);
  for (const { address, bytes } of image()) flash.set(bytes, address - FLASH_START);
  flash[20] = (flash[20] ?? 0) ^ 1;
  assert.throws(() => new Chip({ flash, random: new Random(1) }), /no second stage/);
});

test("a write to the flash with interrupts on stops the emulation", () => {
  const { rp, flash } = chip();
  const { registers } = rp.core;
  // r0 an address, r1 a length, as the boot ROM takes them.
  [registers[0], registers[1], rp.core.LR] = [FLASH_LENGTH - SECTOR, SECTOR, 0x20000001];
  const [erase, program] = [3, 4];
  assert.throws(() => rp.onBreak(erase), /interrupts are on/);
  assert.throws(() => rp.onBreak(program), /interrupts are on/);
  rp.core.PM = true;
  rp.core.LR = FLASH_START + 1;
  assert.throws(() => rp.onBreak(erase), /returns to the flash/);
  rp.core.LR = 0x20000001;
  rp.onBreak(erase);
  assert.equal(flash.busyWith, "erase");
});

test("an address that there is not stops the emulation", () => {
  const { rp } = chip();
  assert.throws(() => rp.readUint32(0x30000000), /invalid memory address/);
  assert.throws(() => rp.writeUint32(0x30000000, 1), /undefined address/);
  assert.throws(() => rp.onBreak(0xff), /the firmware has failed/);
});

test("a UART takes its time for a byte, fills its FIFO, and counts what is lost", () => {
  const { clock, rp, uarts } = chip();
  const [uart] = uarts;
  const [data, flags, integer, fraction, line, control, mask, raw] = [0x00, 0x18, 0x24, 0x28, 0x2c, 0x30, 0x38, 0x3c];
  // 115,200 baud of 125 MHz, eight bits, FIFOs on.
  for (const [at, value] of [
    [integer, 67],
    [fraction, 52],
    [line, 0x70],
    [control, 0x301],
    [mask, 0x50],
  ] as const) {
    uart.writeUint32(at, value);
  }
  const left: number[] = [];
  uart.onByte = () => left.push(clock.nanos);
  const start = clock.nanos;
  uart.writeUint32(data, 1);
  uart.writeUint32(data, 2);
  clock.advance(start + 1e6);
  const times = left.map((time) => Math.round((time - start) / 1e3));
  assert.deepEqual(times, [87, 174]);
  for (let byte = 0; byte < 33; byte += 1) uart.receive({ byte });
  assert.equal(uart.overruns, 1);
  assert.notEqual(uart.readUint32(flags) & (1 << 6), 0, "full");
  assert.notEqual(uart.readUint32(raw) & (1 << 4), 0, "the interrupt of the level");
  assert.notEqual(rp.core.pendingInterrupts & (1 << 20), 0);
  for (let byte = 0; byte < 32; byte += 1) assert.equal(uart.readUint32(data), byte);
  assert.equal(rp.core.pendingInterrupts & (1 << 20), 0);
  uart.receive({ byte: 7, error: "framing" });
  assert.equal(uart.readUint32(data), 7 | (1 << 8) | (1 << 11), "a framing error, and bytes were lost before");
  uart.receive({ byte: 8 });
  assert.equal(uart.readUint32(raw) & (1 << 6), 0);
  clock.advance(clock.nanos + 300e3);
  assert.notEqual(uart.readUint32(raw) & (1 << 6), 0, "the interrupt after silence");
});

test("two leaders of a term, and two entries at an index, are seen", () => {
  const [one, other] = [1, 2].map((id) => new Board(id, new Random(id), [])) as [Board, Board];
  const witness = new Witness();
  witness.seeLine(one, { time: 1, text: "* leader of term 3" });
  assert.equal(witness.leader?.board, one);
  assert.throws(() => witness.seeLine(other, { time: 1, text: "* leader of term 3" }), /two leaders of term 3/);
  witness.seeLine(other, { time: 2, text: "* candidate in term 4" });
  assert.equal(witness.leader, undefined);
  witness.seeLine(one, { time: 3, text: "* 3/7 put a b" });
  witness.seeLine(other, { time: 3, text: "* 3/7 put a b" });
  assert.throws(() => witness.seeLine(other, { time: 3, text: "* 4/7 put a b" }), /two entries at index 7/);
});

/** UF2, the form in which a Pico takes its firmware: blocks of 512 bytes, each with a page of the flash. */
const BLOCK = 512;
const MAGIC = [0x0a324655, 0x9e5d5157, 0x0ab16f30];
const HAS_FAMILY = 0x2000;
const RP2040 = 0xe48bff56;

/** A part of the flash. */
export interface Page {
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** The pages of a file, as the boot loader of the chip takes them: it is strict, and so is this. */
export function pages(file: Uint8Array): Page[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const count = file.length / BLOCK;
  return Array.from({ length: count }, (_, number) => {
    const at = number * BLOCK;
    const word = (offset: number): number => view.getUint32(at + offset, true);
    const [address, length] = [word(12), word(16)];
    const isBlock = word(0) === MAGIC[0] && word(4) === MAGIC[1] && word(508) === MAGIC[2];
    const isForChip = word(8) === HAS_FAMILY && word(28) === RP2040;
    const isInOrder = word(20) === number && word(24) === count;
    if (!isBlock || !isForChip || !isInOrder || length !== 256 || address % 256 !== 0) {
      throw new Error(`block ${number} of the UF2 file is none that an RP2040 takes`);
    }
    return { address, bytes: file.subarray(at + 32, at + 32 + length) };
  });
}

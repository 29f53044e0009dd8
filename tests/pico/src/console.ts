import { USBCDC } from "rp2040js";
import type { Chip } from "./chip.js";

/** Where the control words of the buffers begin in the memory of the USB controller, and a bit of them. */
const [BUFFERS, AVAILABLE] = [0x80, 1 << 10];
/** Nanoseconds from a packet to the answer of the host. */
const LATENCY = 125e3;

/** The host at the other end of the USB cable: it types bytes, and takes lines. */
export class Console {
  private readonly typed: number[] = [];
  private line = "";
  /** The endpoint at which the firmware waits for typed bytes, and how many it takes. */
  private wanted: { endpoint: number; size: number } | undefined;
  private readonly turn;

  constructor(
    private readonly chip: Chip,
    private readonly onLine: (line: string) => void,
  ) {
    const { usbCtrl, clock } = chip.rp;
    const host = new USBCDC(usbCtrl);
    host.onSerialData = (bytes) => bytes.forEach((byte) => this.take(byte));
    this.turn = clock.createAlarm(() => this.answer());
    // The host of the package sends empty packets for ever, and its controller says that a buffer is ready before
    // anything is in it.
    usbCtrl.onEndpointRead = (endpoint, size) => {
      if (endpoint === 0) return;
      this.wanted = { endpoint, size };
      this.setAvailable(endpoint, true);
      this.turn.schedule(LATENCY);
    };
  }

  type(line: string): void {
    this.typed.push(...Buffer.from(`${line}\r`));
    this.turn.schedule(LATENCY);
  }

  private answer(): void {
    if (this.wanted === undefined || this.typed.length === 0) return;
    const { endpoint, size } = this.wanted;
    this.wanted = undefined;
    this.setAvailable(endpoint, false);
    this.chip.rp.usbCtrl.endpointReadDone(endpoint, Uint8Array.from(this.typed.splice(0, size)), 0);
  }

  private setAvailable(endpoint: number, isAvailable: boolean): void {
    const view = this.chip.rp.usbDPRAMView;
    const address = BUFFERS + 8 * endpoint + 4;
    const word = view.getUint32(address, true);
    view.setUint32(address, isAvailable ? word | AVAILABLE : word & ~AVAILABLE, true);
  }

  private take(byte: number): void {
    const char = String.fromCharCode(byte);
    if (char === "\n") {
      this.onLine(this.line);
      this.line = "";
    } else if (char !== "\r") {
      this.line += char;
    }
  }
}

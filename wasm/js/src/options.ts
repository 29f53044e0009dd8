import { boolean, count, object } from "./check.js";

/**
 * What a node does beyond the basic algorithm; {@link RaftNode.setOptions} takes it. What is left out is off.
 *
 * ```ts
 * node.setOptions({ stableLeadership: { silentTimeouts: 8 }, events: true });
 * ```
 */
export interface NodeOptions {
  /**
   * Pre-vote, stickiness and check-quorum together (thesis §9.6, §4.2.3, §6.2): a node that comes and goes does not
   * disturb, and a leader that no majority has answered for so many of its own timeouts steps down (2 to 255).
   */
  readonly stableLeadership?: { readonly silentTimeouts: number } | undefined;
  /** This node votes and stores as any other, but does not call for votes. */
  readonly neverLeads?: boolean | undefined;
  /** After so many of its own timeouts a leader gives up a transfer (1 to 255; 8 if left out). */
  readonly transferTimeouts?: number | undefined;
  /** As leader, this node refuses a follower that has lost entries which it had acknowledged. */
  readonly refusesLostTail?: boolean | undefined;
  /**
   * Storing takes its time, and the node goes on meanwhile: what was taken from the actions counts as stored when
   * {@link RaftNode.handleLogPersisted} and {@link RaftNode.handleHardStatePersisted} say so. Once on, it stays on.
   */
  readonly asynchronousStorage?: boolean | undefined;
  /** What happens is told by {@link RaftNode.nextEvent}. */
  readonly events?: boolean | undefined;
}

const SWITCHES = ["neverLeads", "refusesLostTail", "asynchronousStorage", "events"] as const;

/** The options as the module takes them: the silent timeouts (0 for none), the switches as bits, the timeouts. */
export function rawOptions(options: NodeOptions): [silentTimeouts: number, switches: number, transferTimeouts: number] {
  const given = object(options, "options");
  const { stableLeadership: stable, transferTimeouts = 8 } = given;
  const silent = stable === undefined ? 0 : object(stable, "options.stableLeadership")["silentTimeouts"];
  const silentTimeouts = count(silent, "options.stableLeadership.silentTimeouts", 255);
  if (stable !== undefined && silentTimeouts < 2) {
    throw new RangeError(`options.stableLeadership.silentTimeouts has to be from 2 to 255, not ${silentTimeouts}`);
  }
  const isOn = (name: string) => given[name] !== undefined && boolean(given[name], `options.${name}`);
  const switches = SWITCHES.reduce((bits, name, at) => bits | (isOn(name) ? 1 << at : 0), 0);
  return [silentTimeouts, switches, count(transferTimeouts, "options.transferTimeouts", 255)];
}

/** The options that {@link rawOptions} makes these numbers of. What is off is left out. */
export function readOptions(silentTimeouts: number, switches: number, transferTimeouts: number): NodeOptions {
  const on = SWITCHES.filter((_, at) => (switches & (1 << at)) !== 0).map((name) => [name, true]);
  const stable = silentTimeouts > 0 ? { stableLeadership: { silentTimeouts } } : {};
  return { ...stable, ...Object.fromEntries(on), transferTimeouts };
}

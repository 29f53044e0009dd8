import { formatMessage, type Message, type Payload } from "raftbare/simulator";

/** A message or a snapshot between two nodes. */
export interface Flight {
  /** Its place among all that were ever sent. */
  readonly number: number;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly payload: Payload;
  readonly sentAt: number;
  readonly arrivesAt: number;
  /** Chance has decided that it does not arrive. */
  readonly isLost: boolean;
  readonly isHeld: boolean;
}

/** What a message is about, by its name in the notation: "PreVote" of a "PreVoteCall". */
export function topicOf(message: Message): string {
  return /([A-Za-z]+)(Call|Reply) /.exec(formatMessage(message))?.[1] ?? "";
}

/** Whether this only asks for votes that may be given, or answers to that. */
export function isPreVote(message: Message): boolean {
  return topicOf(message) === "PreVote";
}

/** Where a message that is lost is last seen: this share of its way. */
const LOST_AT = 0.6;

/** When something happens to it by itself. */
export function endOf(flight: Flight): number {
  const { sentAt, arrivesAt, isLost } = flight;
  return isLost ? sentAt + Math.round((arrivesAt - sentAt) * LOST_AT) : arrivesAt;
}

/** When a message would have arrived that was lost at this time. */
export function arrivalOfLost(sentAt: number, lostAt: number): number {
  return sentAt + Math.round((lostAt - sentAt) / LOST_AT);
}

/** How far it has come, from 0 to 1. */
export function progress(flight: Flight, now: number): number {
  const length = flight.arrivesAt - flight.sentAt;
  if (length <= 0) return 1;
  return Math.min(1, Math.max(0, (now - flight.sentAt) / length));
}

/**
 * How the text format names one message: by its link, and its place there among those in flight (or among those
 * held).
 */
export function address(flights: Iterable<Flight>, flight: Flight): string {
  let place = 0;
  for (const other of flights) {
    if (other.from !== flight.from || other.to !== flight.to || other.isHeld !== flight.isHeld) continue;
    place += 1;
    if (other.number === flight.number) break;
  }
  const which = place <= 1 ? "next" : `nth ${place}`;
  return `${flight.from}->${flight.to} ${which}`;
}

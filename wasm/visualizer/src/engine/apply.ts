import type { Outline, Played, Recorded, ServerState } from "raftbare/simulator";
import { setDial } from "./dials.js";
import { followDisks, stick } from "./disks.js";
import { isComment, parseDirective } from "./directive.js";
import { type Flight, address } from "./flight.js";
import { isEnded, type Moment } from "./moment.js";
import { narrate, note } from "./narrate.js";
import { followOptions } from "./options.js";
import { noteDone, noteRequest, noteTold, refreshRequests } from "./record.js";
import { launch, wind, workTime } from "./schedule.js";

/** What the simulator says of a line that asks for what cannot be. */
const REFUSED = "The script can be played";

/** What a line has done, besides what the moment shows. */
export interface Scene {
  readonly line: string;
  readonly played: Played;
  readonly before: Moment["outline"];
  /** What has arrived, or was lost. */
  readonly flight: Flight | undefined;
  /** Where it has arrived, before it did. */
  readonly receiver: ServerState | undefined;
}

/**
 * Plays one line of a scenario at a time. All that is random follows from the dials, so the same lines at the same
 * times lead to the same moment. Throws a `SyntaxError` if it is no line of the format, and a `RangeError` if it cannot
 * be done, such as to crash a node that is down; then nothing has happened. Returns what the nodes did.
 */
export function apply(moment: Moment, line: string, at: number): readonly Recorded[] {
  moment.now = Math.max(moment.now, at);
  if (isEnded(moment)) return [];
  const directive = parseDirective(line);
  let recorded: readonly Recorded[] = [];
  if (directive !== undefined) direct(moment, directive.name, directive.words, directive.numbers);
  else if (!isComment(line)) recorded = playVerb(moment, line);
  moment.lines += 1;
  return recorded;
}

function direct(moment: Moment, name: string, words: readonly string[], numbers: readonly number[]): void {
  if (name === "at") return;
  if (name === "arrive") return putOff(moment, words.slice(0, -1).join(" "), numbers.at(-1) ?? NaN);
  if (name === "stick" || name === "unstick") return stick(moment, numbers[0] ?? NaN, name === "stick");
  const dials = setDial(moment.dials, name, numbers);
  if (dials === undefined) throw new SyntaxError(`"#: ${[name, ...words].join(" ")}" says nothing`);
  moment.dials = dials;
}

/** `#: arrive 1->2 next 50000`: this message arrives so many microseconds from now. */
function putOff(moment: Moment, wanted: string, inUs: number): void {
  const flight = find(moment, wanted);
  if (flight === undefined || !(inUs >= 0)) throw new SyntaxError(`no message is put off by "${wanted} ${inUs}"`);
  const done = Math.min(0.95, (moment.now - flight.sentAt) / Math.max(1, flight.arrivesAt - flight.sentAt));
  const arrivesAt = moment.now + inUs;
  // It keeps its place on the way, and goes slower.
  const sentAt = Math.round(arrivesAt - inUs / (1 - done));
  moment.flights.set(flight.number, { ...flight, sentAt, arrivesAt, isLost: false });
}

function find(moment: Moment, wanted: string): Flight | undefined {
  const flights = [...moment.flights.values()];
  return flights.find((flight) => !flight.isHeld && address(flights, flight) === wanted);
}

function playVerb(moment: Moment, line: string): readonly Recorded[] {
  const [verb = ""] = line.split(" ", 1);
  const flight = /^(deliver|lose|hold|duplicate)$/.test(verb) ? find(moment, line.slice(verb.length + 1)) : undefined;
  const receiver = verb === "deliver" && flight !== undefined ? receiverOf(moment, flight) : undefined;
  const before = moment.outline;
  const played = moment.world.step(line);
  const violation = played.failure?.violation;
  if (violation?.property === REFUSED) throw new RangeError(`"${line}" cannot be done: ${violation.detail}`);
  const outline = moment.world.outline(BigInt(verb === "truncate" ? 0 : moment.newest));
  moment.outline = new Map(outline.servers.map(({ id, node }) => [Number(id), node]));
  followFlights(moment, outline);
  followEvents(moment, line, played);
  followWork(moment, line);
  followDisks(moment, line);
  if (verb === "timeout") forgetTimers(moment, line);
  if (verb === "options") moment.options = followOptions(moment.options, line, moment.outline.keys());
  if (verb === "flaw") moment.flaw = line.split(" ")[2] === "-" ? undefined : line.split(" ")[2];
  const scene: Scene = { line, played, before, flight, receiver };
  narrate(moment, scene);
  refreshRequests(moment, before);
  if (violation !== undefined) end(moment, violation);
  return played.recorded;
}

/** A receiver is looked at before only where what becomes of the message depends on its log. */
function receiverOf(moment: Moment, { to, payload }: Flight): ServerState | undefined {
  if (payload.type !== "message") return undefined;
  const { message } = payload;
  const isTelling =
    message.type === "requestVoteCall" || (message.type === "appendEntriesCall" && message.entries.length > 0);
  return isTelling ? moment.world.server(BigInt(to)) : undefined;
}

function followFlights(moment: Moment, outline: Outline): void {
  const before = moment.flights;
  const sent = new Map(outline.sent.map((flying) => [Number(flying.number), flying]));
  const after = new Map<number, Flight>();
  const keep = (number: number, isHeld: boolean): void => {
    const known = before.get(number);
    const flying = sent.get(number);
    if (known !== undefined) {
      // Known already and told anew is what was cut.
      const cut = flying === undefined ? known : { ...known, text: flying.text, payload: flying.payload };
      return void after.set(number, keptOn(moment, cut, isHeld));
    }
    if (flying === undefined) return;
    const flight = launch(moment, flying);
    after.set(number, { ...flight, isHeld });
    noteNext(moment, flight);
  };
  outline.inFlight.forEach((number) => keep(Number(number), false));
  outline.held.forEach((number) => keep(Number(number), true));
  for (const number of sent.keys()) moment.newest = Math.max(moment.newest, number);
  moment.flights = after;
}

/** What is held stays where it is; what is released goes on from there. */
function keptOn({ now }: Moment, flight: Flight, isHeld: boolean): Flight {
  if (flight.isHeld === isHeld) return flight;
  const by = isHeld ? 0 : Math.max(0, now - flight.arrivesAt);
  if (isHeld) return { ...flight, isHeld, arrivesAt: flight.arrivesAt };
  return { ...flight, isHeld, isLost: false, sentAt: flight.sentAt + by, arrivesAt: flight.arrivesAt + by };
}

function noteNext(moment: Moment, { from, to, payload }: Flight): void {
  if (payload.type !== "message" || payload.message.type !== "appendEntriesCall") return;
  const { prevPosition, length } = payload.message.entries;
  moment.next.set(`${from}>${to}`, Number(prevPosition.index) + Number(length) + 1);
}

/** The events are lines of the format; only those that change what is shown are looked at. */
function followEvents(moment: Moment, line: string, played: Played): void {
  for (const event of played.events) {
    const [, id, told, rest] = /^(\d+)(:| skips:| =| tells:) (.*)$/s.exec(event) ?? [];
    if (id === undefined || rest === undefined) {
      if (event.startsWith("! ")) promise(moment, event.slice(2));
    } else if (told === " =") {
      noteRequest(moment, line, Number(id), rest);
    } else if (told === " tells:") {
      noteTold(moment, Number(id), rest);
    } else {
      noteDone(moment, Number(id), rest, told !== ":");
      if (told === ":" && /(^|; )SetElectionTimeout/.test(rest)) setTimer(moment, Number(id));
    }
  }
  for (const [id, node] of moment.outline) if (node === undefined) moment.timers.delete(id);
}

function setTimer(moment: Moment, id: number): void {
  const node = moment.outline.get(id);
  if (node === undefined) return;
  moment.counts.timers += 1;
  moment.timers.set(id, wind(moment, id, node.role));
}

/** A timer that has fired stands still, unless it was set anew. */
function forgetTimers(moment: Moment, line: string): void {
  const ids = line.split(" ")[1] ?? "";
  for (const [id, { setAt }] of moment.timers) {
    const isMeant = ids === "*" || ids.split(",").includes(String(id));
    if (isMeant && setAt < moment.now) moment.timers.delete(id);
  }
}

/** A node with something to do does one thing after the other. */
function followWork(moment: Moment, line: string): void {
  const [verb, taking] = line.split(" ");
  for (const [id, node] of moment.outline) {
    const has = moment.work.has(id) && !(verb === "take" && taking === String(id));
    if (node?.next === undefined) moment.work.delete(id);
    else if (!has) moment.work.set(id, moment.now + workTime(moment, id, node.next));
  }
}

function promise(moment: Moment, text: string): void {
  const [property = "", ...detail] = text.split(": ");
  moment.broken = [...moment.broken, { property, detail: detail.join(": "), line: moment.lines, isFatal: false }];
  note(moment, "broken", [], `A promise to Raft is broken: ${property}. ${detail.join(": ")}`);
}

function end(moment: Moment, violation: { readonly property: string; readonly detail: string }): void {
  moment.broken = [...moment.broken, { ...violation, line: moment.lines, isFatal: true }];
  note(moment, "broken", [], `${violation.property} is broken: ${violation.detail}`);
}

import type { Message, ServerState } from "raftbare/simulator";
import type { Scene } from "./apply.js";
import { isPreVote, topicOf } from "./flight.js";
import type { Moment, Note } from "./moment.js";
import { MOST_NOTES, newest } from "./record.js";

/** Tells something in words. */
export function note(moment: Moment, kind: Note["kind"], nodes: readonly number[], text: string): void {
  moment.counts.notes += 1;
  const { now: at, lines: line } = moment;
  moment.notes = newest(moment.notes, { number: moment.counts.notes, at, line, kind, nodes, text }, MOST_NOTES);
}

/** Tells what a line has led to, and why. */
export function narrate(moment: Moment, scene: Scene): void {
  if (scene.flight?.payload.type === "message" && scene.line.startsWith("deliver")) {
    hear(moment, scene, scene.flight.payload.message, scene.flight.to);
  }
  act(moment, scene);
  for (const [id, node] of moment.outline) {
    const before = scene.before.get(id);
    if (node === undefined || before === undefined) continue;
    if (node.isPreCandidate && isTimeoutOf(scene.line, id)) ask(moment, id, before, node);
    else if (before.role !== node.role || before.currentTerm !== node.currentTerm)
      turn(moment, scene, id, before, node);
    for (const lost of node.lostTails) {
      if (before.lostTails.includes(lost)) continue;
      const text = `${id} refuses ${lost}, which has lost entries that it had acknowledged: its disk forgets.`;
      note(moment, "disk", [id, Number(lost)], text);
    }
    if (node.role === "leader" && before.commitIndex < node.commitIndex && before.role === "leader") {
      note(moment, "log", [id], `${id} commits up to index ${node.commitIndex}: a majority has it stored.`);
    }
  }
}

type State = NonNullable<ReturnType<Moment["outline"]["get"]>>;

function isTimeoutOf(line: string, id: number): boolean {
  const [verb, ids = ""] = line.split(" ");
  return verb === "timeout" && (ids === "*" || ids.split(",").includes(String(id)));
}

/** A node asks whether it could be elected. */
function ask(moment: Moment, id: number, before: State, node: State): void {
  const term = node.currentTerm + 1n;
  const again = before.isPreCandidate ? "no majority would have voted for it" : "it has heard no leader in time";
  moment.ballots.set(id, { term, from: [id], isPreVote: true });
  note(moment, "vote", [id], `${id} asks who would vote for it in term ${term}: ${again}. Its own term stays.`);
}

/** Whether the leader has told a node to stand for election. */
function isCampaignNow({ line, flight }: Scene): boolean {
  const { payload } = flight ?? {};
  return line.startsWith("deliver") && payload?.type === "message" && topicOf(payload.message) === "CampaignNow";
}

/** A node has another role, or another term. */
function turn(moment: Moment, scene: Scene, id: number, before: State, node: State): void {
  const { line } = scene;
  const term = node.currentTerm;
  if (node.role === "candidate" && before.currentTerm < term) {
    const why = reasonToStand(moment, scene, id, before);
    moment.ballots.set(id, { term, from: [id] });
    note(moment, "vote", [id], `${id} stands for election in term ${term}: ${why}. It votes for itself.`);
    rivals(moment, id, term);
  } else if (node.role === "leader") {
    const votes = moment.ballots.get(id)?.from ?? [];
    const by = votes.length > 1 ? ` with the votes of ${list(votes)}` : "";
    note(moment, "leader", [id], `${id} leads term ${term}${by}.`);
  } else if (before.role !== "follower" && node.role === "follower") {
    const what =
      before.role === "leader" ? "no longer leads" : before.isPreCandidate ? "asks no longer" : "stands no longer";
    note(moment, "leader", [id], `${id} ${what}: ${reasonOf(scene, id, before, node)}.`);
  } else if (!line.startsWith("restart") && node.leaderId !== before.leaderId) {
    note(moment, "leader", [id], `${id} comes to term ${term}.`);
  }
}

/** Why a node stands for election. */
function reasonToStand(moment: Moment, scene: Scene, id: number, before: State): string {
  if (isCampaignNow(scene)) return `${before.leaderId} hands over to it`;
  if (before.isPreCandidate) return `${list(moment.ballots.get(id)?.from ?? [])} would vote for it`;
  return before.role === "candidate" ? splitOf(moment, before.currentTerm) : "it has heard no leader in time";
}

/** Why a leader or candidate has become a follower. */
function reasonOf({ line, played }: Scene, id: number, before: State, { currentTerm: term }: State): string {
  if (before.currentTerm < term) return `it has seen the later term ${term}`;
  if (before.role !== "leader") return `term ${term} has a leader`;
  if (!isTimeoutOf(line, id)) return "it is no member any more";
  const isTold = played.events.some((event) => event.startsWith(`${id} tells: `) && event.includes("storage"));
  if (isTold) return "its own disk has not reported for too long";
  // Which of both it is, it tells only with the option `events`.
  return before.waitingWrites > 0
    ? "no majority has answered it, or its own disk has not reported, for too long"
    : "no majority has answered it for too long";
}

/** Why a candidate has not won. */
function splitOf(moment: Moment, term: bigint): string {
  const stood = [...moment.ballots].filter(([, ballot]) => ballot.term === term && !ballot.isPreVote);
  const hasWinner = stood.some(([, { from }]) => 2 * from.length > moment.outline.size);
  if (stood.length < 2 || hasWinner) return `no majority answered in time in term ${term}`;
  const votes = stood.map(([id, { from }]) => `${from.length} for ${id}`);
  return `the votes of term ${term} were split, ${list(votes)}, so nobody had a majority`;
}

/** Several candidates of one term: nobody may get a majority. */
function rivals(moment: Moment, id: number, term: bigint): void {
  const others = [...moment.outline].filter(
    ([other, node]) => other !== id && node?.role === "candidate" && node.currentTerm === term,
  );
  if (others.length === 0) return;
  const names = [id, ...others.map(([other]) => other)].sort();
  const text = `${list(names)} all stand in term ${term}. Each node has one vote in it: they may split it.`;
  note(moment, "vote", names, text.replace(" all ", names.length === 2 ? " both " : " all "));
}

/** A message has arrived. */
function hear(moment: Moment, { receiver }: Scene, message: Message, to: number): void {
  const node = moment.outline.get(to);
  if (node === undefined) {
    if (message.type !== "appendEntriesReply") note(moment, "network", [to], `${to} is down: a message is lost.`);
    return;
  }
  const from = Number(message.from);
  switch (message.type) {
    case "requestVoteCall":
      return receiver && voteCalled(moment, receiver, message, to, from);
    case "requestVoteReply":
      return voteGot(moment, message, to, from);
    case "appendEntriesCall":
      return receiver && entriesCame(moment, receiver, to, from);
    case "appendEntriesReply":
      return undefined;
  }
}

function voteCalled(
  moment: Moment,
  receiver: ServerState,
  call: Extract<Message, { type: "requestVoteCall" }>,
  to: number,
  from: number,
): void {
  const [was, node] = [receiver.node, moment.outline.get(to)];
  if (was === undefined || node === undefined) return;
  if (topicOf(call) === "CampaignNow") return;
  const isAsked = isPreVote(call);
  const refuse = (why: string): void => {
    const what = isAsked ? `would not vote for ${from}` : `refuses ${from} its vote`;
    note(moment, "vote", [to, from], `${to} ${what}: ${why}.`);
  };
  const last = was.log.lastPosition;
  const isNewer =
    last.term > call.lastPosition.term ||
    (last.term === call.lastPosition.term && last.index > call.lastPosition.index);
  if (call.term < was.currentTerm) return refuse(`term ${call.term} is over, it is in ${was.currentTerm}`);
  const isSettled = was.role === "leader" || was.leaderId !== undefined;
  if (isSettled && (isAsked || node.currentTerm < call.term)) {
    return refuse(was.role === "leader" ? "it leads itself" : `it hears the leader ${was.leaderId}`);
  }
  if (isAsked && !isNewer) {
    return note(moment, "vote", [to, from], `${to} would vote for ${from} in term ${call.term}.`);
  }
  if (node.votedFor === BigInt(from)) {
    return note(moment, "vote", [to, from], `${to} votes for ${from} in term ${call.term}.`);
  }
  if (isNewer) return refuse(`its log is newer, ${place(last)} against ${place(call.lastPosition)}`);
  if (node.role !== "follower") return refuse(`it ${node.role === "leader" ? "leads" : "stands"} itself in this term`);
  if (node.votedFor !== undefined) {
    const split = node.leaderId === undefined ? "" : " and leads";
    return refuse(`its one vote of term ${call.term} went to ${node.votedFor}${split}`);
  }
}

function voteGot(
  moment: Moment,
  reply: Extract<Message, { type: "requestVoteReply" }>,
  to: number,
  from: number,
): void {
  const ballot = moment.ballots.get(to);
  if (!reply.voteGranted || ballot?.term !== reply.term || ballot.from.includes(from)) return;
  if ((ballot.isPreVote ?? false) !== isPreVote(reply)) return;
  moment.ballots.set(to, { ...ballot, from: [...ballot.from, from].sort() });
}

/** Entries have come: what they have replaced, or why they do not fit. */
function entriesCame(moment: Moment, receiver: ServerState, to: number, from: number): void {
  const was = receiver.node?.log.lastPosition;
  const now = moment.world.server(BigInt(to))?.node?.log;
  if (was === undefined || now === undefined) return;
  const { lastPosition } = now;
  const isKept = now.entries.contains(was) || now.snapshotPosition.index >= was.index;
  if (!isKept) {
    note(
      moment,
      "log",
      [to, from],
      `${to} drops its entries that contradict the leader ${from}, ${place(was)} the last.`,
    );
  } else if (lastPosition.index === was.index) {
    note(moment, "log", [to, from], `${to} takes no entries of ${from}: they follow on something that it lacks.`);
  }
}

/** What a person, or chance, has done. */
function act(moment: Moment, { line, flight, played, before }: Scene): void {
  const [verb, one = ""] = line.split(" ");
  const ids = one.split(",").map(Number);
  switch (verb) {
    case "crash":
    case "tear":
      return note(moment, "crash", ids, `${list(ids)} crashed: what was not stored is lost${onTheWay(before, ids)}.`);
    case "restart":
      if (moment.lines === 0) return;
      return note(moment, "crash", ids, `${list(ids)} came back ${fromDisk(moment, before, line)}.`);
    case "start":
      return note(moment, "config", ids, `${list(ids)} started, a member of nothing yet.`);
    case "lose":
      return (
        flight &&
        note(moment, "network", [flight.from, flight.to], `A message of ${flight.from} to ${flight.to} was lost.`)
      );
    case "cut":
      return note(moment, "network", [], `From now on what is sent over ${one} is lost.`);
    case "mend":
      return note(
        moment,
        "network",
        [],
        one === "" ? "All links work again." : `What is sent over ${one} arrives again.`,
      );
    case "snapshot":
      return snapshotTaken(moment, ids[0]!, played.events[0] ?? "");
    case "transfer":
      return transferBegun(moment, ids[0]!, line.split(" ")[2] ?? "", played.events[0] ?? "");
    case "options":
      return note(
        moment,
        "client",
        [],
        `Options of ${one === "*" ? "all" : list(ids)} from now on: ${line.split(" ").slice(2).join(" ")}.`,
      );
    case "flaw":
      return note(
        moment,
        "broken",
        [],
        line.endsWith(" -") ? "The flaw is mended." : `A flaw is on: ${line.split(" ")[2]}.`,
      );
  }
}

/** What of asynchronous storage was not written. */
function onTheWay(before: Moment["outline"], ids: readonly number[]): string {
  const writes = ids.reduce((sum, id) => sum + (before.get(id)?.waitingWrites ?? 0), 0);
  if (writes === 0) return "";
  return `, ${writes === 1 ? "a write" : `${writes} writes`} on the way to the disk among it`;
}

/** From its own disk, or, one that was there before, from a disk that holds what the line says. */
function fromDisk(moment: Moment, before: Moment["outline"], line: string): string {
  const [, ids = "", ...contents] = line.split(" ");
  const id = Number(ids);
  const disk = contents.length > 0 && before.has(id) ? moment.world.server(BigInt(id))?.disk : undefined;
  return disk === undefined ? "from disk" : `from a disk whose log ends at ${place(disk.log.lastPosition)}`;
}

function transferBegun(moment: Moment, id: number, target: string, answer: string): void {
  const isSo = answer.endsWith("= true");
  const text =
    target === "-"
      ? isSo
        ? "hands over no more, and takes commands again"
        : "was not about to hand over"
      : isSo
        ? `hands over to ${target}, and takes no commands meanwhile`
        : `does not hand over to ${target}: it does not lead, or ${target} is no voter`;
  note(moment, "leader", [id], `${id} ${text}.`);
}

function snapshotTaken(moment: Moment, id: number, answer: string): void {
  const [, position] = /= (\d+\/\d+) /.exec(answer) ?? [];
  const text = position === undefined ? "has nothing new to take a snapshot of" : `took a snapshot up to ${position}`;
  note(moment, "log", [id], `${id} ${text}.`);
}

function place({ term, index }: { readonly term: bigint; readonly index: bigint }): string {
  return `${term}/${index}`;
}

function list(ids: readonly (number | string)[]): string {
  return ids.length < 2 ? ids.join("") : `${ids.slice(0, -1).join(", ")} and ${ids.at(-1)}`;
}

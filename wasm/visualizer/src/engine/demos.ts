import { crashAfter, onFlight } from "./acts.js";
import type { Run } from "./run.js";

/**
 * Splits the vote: the leader stops, two others lose patience in the same moment, and each is heard by another node
 * first. Nobody has a majority then; who tries again first is up to the timers.
 */
export function splitVote(run: Run): void {
  const running = [...run.moment.outline].filter(([, node]) => node !== undefined);
  const stopped = running.find(([, node]) => node?.role === "leader") ?? running.at(-1);
  if (stopped !== undefined && running.length > 2) run.act(crashAfter(stopped[0], 0));
  run.act(["lose"]);
  const up = [...run.moment.outline].filter(([, node]) => node !== undefined).map(([id]) => id);
  const [first, second, ...others] = up;
  if (first === undefined || second === undefined) return;
  for (const id of up) finishWork(run, id);
  run.act([`timeout ${first}`, `timeout ${second}`]);
  for (const id of [first, second]) finishWork(run, id);
  const favourite = new Map(others.map((id, at) => [id, at % 2 === 0 ? first : second]));
  for (const flight of [...run.moment.flights.values()]) {
    const isFirst = favourite.get(flight.to) === flight.from;
    if (favourite.has(flight.to) && !isFirst) run.act(onFlight.delay(run.moment, flight, 12_000));
  }
}

/** Executes all that waits at a node. */
export function finishWork(run: Run, id: number): void {
  while (!run.isOver && run.moment.outline.get(id)?.next !== undefined) run.act([`take ${id} 1`]);
}

/**
 * Lets two nodes lead one term: the only one that hears both votes for the first, forgets it in a crash, and votes for
 * the second. Needs a cluster of three with a leader.
 */
export function forgetVote(run: Run): void {
  const all = [...run.moment.outline];
  const leader = all.find(([, node]) => node?.role === "leader")?.[0];
  const [one, voter] = all.map(([id]) => id).filter((id) => id !== leader);
  if (leader === undefined || one === undefined || voter === undefined) return;
  const timeout = (id: number): void => {
    run.act([`timeout ${id}`]);
    finishWork(run, id);
  };
  run.act(["flaw * VoteNotStored", `cut ${one}<->${leader}`, `crash ${leader}`, `restart ${leader}`, "lose"]);
  finishWork(run, leader);
  timeout(one);
  timeout(leader);
  // The old leader's vote of the old term is what the voter finds on its disk, so its call comes last.
  for (const id of [one, leader]) {
    run.act([`deliver ${id}->${voter} next`]);
    finishWork(run, voter);
    run.act([`crash ${voter}`, `restart ${voter}`, `deliver ${voter}->${id} next`]);
    finishWork(run, voter);
  }
}

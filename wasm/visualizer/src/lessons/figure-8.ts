import vote from "core:node/follower.rs/handle_request_vote_call";
import takeOver from "core:node/follower.rs/take_over";
import commit from "core:node/leader.rs/commit_index_of";
import repair from "core:node/leader.rs/repair_follower";
import becomeLeader from "core:node.rs/become_leader";
import { CALM, dialLines } from "../engine/dials.js";
import type { Moment } from "../engine/moment.js";
import type { Lesson } from "./lesson.js";
import { commits, has, node } from "./when.js";

/** Nobody loses patience by itself, and the leader is slow to repeat itself. */
const PATIENT = dialLines({ ...CALM, seed: 8, heartbeat: 1_000_000, election: [20_000_000, 30_000_000] });

/** The calls with entries that are on their way from node 1 to another. */
function calls(moment: Moment, id: number) {
  const flights = [...moment.flights.values()];
  return flights.filter(({ from, to, text }) => from === 1 && to === id && text.includes("AppendEntriesCall"));
}

/** Node 1 knows that this one has the entry of term 2. */
function matches(moment: Moment, id: number): boolean {
  return node(moment, 1)?.matchIndexes.get(BigInt(id)) === 2n;
}

function lastTerms(term: bigint, ...ids: number[]): (moment: Moment) => boolean {
  return (moment) => ids.every((id) => node(moment, id)?.log.lastPosition.term === term);
}

export const figure8: Lesson = {
  name: "figure-8",
  title: "When a majority is not enough",
  section: "§5.4.2, figure 8",
  steps: [
    {
      caption:
        "A puzzle. Node 1 led [[term]] 2. Its [[entry]] of that term came to node 2 only; then it crashed. Node 5 led " +
        "term 3 with the [[votes|vote]] of 3 and 4, which lacked that entry. It wrote an entry of its own at the same " +
        "place, and crashed, too.",
      plot: [
        ...PATIENT,
        "manual 1,2,3,4,5",
        "restart 1,2 t3 vote - snapshot {1,2,3,4,5} log 0/0[term(1) term(2)]",
        "restart 3,4 t3 vote 5 snapshot {1,2,3,4,5} log 0/0[term(1)]",
        "restart 5 t3 vote 5 snapshot {1,2,3,4,5} log 0/0[term(1) term(3)]",
        "crash 5",
        10_000,
      ],
      nodes: [1, 5],
      part: "logs",
    },
    {
      caption:
        "Node 1 is back, and wins the election for term 4. As every new [[leader]] does, it adds an entry of its own " +
        "term to its [[log]], and begins to send it.",
      plot: ["timeout 1", has("leader", 1), (moment) => calls(moment, 2).length === 1],
      nodes: [1],
      part: "logs",
      speed: 0.01,
      code: { excerpt: becomeLeader, lines: ["EntryRef::Term"] },
    },
    {
      caption:
        "The network is slow, and lets through only a part. Node 3 has the old entry of term 2 now. The new one, of term " +
        "4, is still on its way (‖ means that it waits). So the old entry is on three of five: a [[majority]].",
      plot: [
        "lose 1->4,5",
        "truncate 0 1->2",
        (moment) => calls(moment, 3).some(({ text }) => text.includes("prev 1/1[term(2)")),
        "truncate 1 1->3",
        (moment) => calls(moment, 2).length > 0,
        "hold 1->2",
        (moment) => matches(moment, 3) && calls(moment, 3).length > 0,
        "hold 1->3",
      ],
      nodes: [1, 2, 3],
      part: "logs",
      speed: 0.01,
      code: { excerpt: repair, lines: ["Repair::Entries", "log.entries().since(position)"] },
    },
    {
      caption:
        "Look at the column “match”: node 1 knows of this majority. Still, it does not call the entry " +
        "[[committed|commit]]. A leader counts only entries of its own term. Why so careful?",
      nodes: [1],
      part: "logs",
      code: { excerpt: commit, lines: ["index < leader.term_start()", "=> self.commit_index,"] },
    },
    {
      caption:
        "This is why. Node 1 crashes, and its messages are lost. Node 5 comes back. At its second try, in term 5, " +
        "nodes 2, 3 and 4 vote for it: its last entry is of term 3, theirs is of term 2 or 1. So its log counts as newer.",
      plot: [
        "crash 1",
        "release 1->2,3",
        "lose",
        "restart 5",
        10_000,
        "timeout 5",
        30_000,
        "timeout 5",
        has("leader", 5),
      ],
      nodes: [5],
      speed: 0.025,
      code: { excerpt: vote, lines: ["is_up_to_date"] },
    },
    {
      caption:
        "The new leader replaces the entry of term 2, though a majority had it. Had node 1 promised it to a client, " +
        "that promise would be broken now. It has not: that was its care.",
      plot: [lastTerms(5n, 2, 3, 4)],
      nodes: [2, 3, 4],
      part: "logs",
      speed: 0.01,
      code: { excerpt: takeOver, lines: ["log.overwrite"] },
    },
  ],
  exercise: {
    caption:
      "Your turn. We are back at the moment when the entry of term 4 was on its way to nodes 2 and 3. Save the old " +
      "entry: let the new one arrive.",
    hint:
      "Under “Messages in flight” choose one of the two messages from node 1, and press “Release”. Do the same with " +
      "the other one. Then press Play.",
    from: 3,
    nodes: [1],
    part: "flights",
    speed: 0.01,
    code: { excerpt: commit, lines: ["index < leader.term_start()", "self.commit_index.max(index)"] },
    isDone: commits(1, 3),
    done:
      "The entry of term 4 is on a majority, so it is committed, and all before it with it. Node 5 cannot win any " +
      "more: three nodes have a later term in their logs than it has. Crash node 1, bring back node 5, and try.",
  },
};

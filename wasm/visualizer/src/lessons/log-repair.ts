import answer from "core:node/follower.rs/append_entries";
import takeOver from "core:node/follower.rs/take_over";
import tryPosition from "core:node/follower.rs/position_to_try";
import vote from "core:node/follower.rs/handle_request_vote_call";
import repair from "core:node/leader.rs/repair_follower";
import { CALM, dialLines } from "../engine/dials.js";
import type { Moment } from "../engine/moment.js";
import type { Cue, Lesson } from "./lesson.js";
import { has, isTold, node } from "./when.js";

/** Nobody loses patience by itself. */
const PATIENT = dialLines({ ...CALM, seed: 3, election: [20_000_000, 30_000_000] });

const LOGS = [
  "term(1) cmd*2 term(4) cmd term(5) cmd term(6) cmd*2",
  "term(1) cmd*2 term(4) cmd term(5) cmd term(6) cmd",
  "term(1) cmd*2 term(4)",
  "term(1) cmd*2 term(4) cmd term(5) cmd term(6) cmd*3",
  "term(1) cmd*2 term(4) cmd term(5) cmd term(6) cmd*2 term(7) cmd",
  "term(1) cmd*2 term(4) cmd*3",
  "term(1) cmd*2 term(2) cmd*2 term(3) cmd*4",
];

const FIGURE_7: readonly Cue[] = [
  ...PATIENT,
  "manual 1,2,3,4,5,6,7",
  ...LOGS.map((log, at) => `restart ${at + 1} t7 vote - snapshot {1,2,3,4,5,6,7} log 0/0[${log}]`),
  "crash 7",
  10_000,
];

/** These nodes have the log of node 1, which leads. */
function areLike1(...ids: number[]): (moment: Moment) => boolean {
  return (moment) => {
    const last = node(moment, 1)?.log.lastPosition;
    return ids.every((id) => {
      const own = node(moment, id)?.log.lastPosition;
      return last !== undefined && own?.term === last.term && own.index === last.index;
    });
  };
}

export const logRepair: Lesson = {
  name: "log-repair",
  title: "Repairing logs",
  section: "§5.3, figure 7",
  steps: [
    {
      caption:
        "Seven [[nodes|node]] after a rough time: [[leaders|leader]] have crashed before they had sent everything. So " +
        "the copies of the [[log]] differ. Some lack [[entries|entry]]; some have entries that nobody else has. The " +
        "numbers are the [[terms|term]] in which entries were made.",
      plot: FIGURE_7,
      part: "logs",
    },
    {
      caption:
        "Node 1 asks for [[votes|vote]]. Nodes 4 and 5 refuse: their logs are newer. A log is newer if its last entry " +
        "is of a later term, or of the same term and further on. But 2, 3 and 6 vote for node 1: with its own vote, four of seven.",
      plot: ["timeout 1", has("leader", 1)],
      nodes: [4, 5],
      part: "logs",
      speed: 0.01,
      code: { excerpt: vote, lines: ["is_up_to_date"] },
    },
    {
      caption:
        "The new leader adds an entry of its own term, 8, and sends it. With it goes the position of the entry " +
        "before. A [[follower]] takes new entries only if it has that same entry there. So two logs that agree at one " +
        "place agree in all before it.",
      plot: [7_000],
      nodes: [1],
      part: "logs",
      speed: 0.005,
      code: { excerpt: answer, lines: ["contains(prev)", "last_common_index"] },
    },
    {
      caption:
        "Nodes 2, 3 and 6 do not have that entry. They take nothing, and answer where their own log could agree. " +
        "In few steps the leader finds the last place where both logs are the same.",
      plot: [isTold(/6 takes no/), isTold(/2 takes no/), isTold(/3 takes no/), 2_000],
      nodes: [2, 3, 6],
      part: "logs",
      speed: 0.005,
      code: { excerpt: tryPosition, lines: ["last_position_within", "at_least_committed"] },
    },
    {
      caption:
        "From there on it sends all that is missing. Nodes 2 and 3 only lacked something; they soon have it all.",
      plot: [areLike1(2, 3)],
      nodes: [2, 3],
      part: "logs",
      speed: 0.01,
      code: { excerpt: repair, lines: ["Repair::Entries", "Repair::Probe"] },
    },
    {
      caption:
        "Nodes 4, 5 and 6 had entries that the leader does not have. They drop them, and take the leader's. No harm " +
        "is done: no [[majority]] ever had those entries, so they were never [[committed|commit]].",
      plot: [areLike1(2, 3, 4, 5, 6)],
      nodes: [4, 5, 6],
      part: "logs",
      speed: 0.01,
      code: { excerpt: takeOver, lines: ["log.overwrite"] },
    },
    {
      caption:
        "All rows are the same, and everything is committed. The leader itself has never dropped anything: a leader " +
        "only adds to its log.",
      plot: [90_000],
      part: "logs",
    },
  ],
  exercise: {
    caption:
      "Your turn: node 7 was switched off all the time, and its log is the worst. Bring it back, and let it be repaired.",
    hint: "Choose node 7, press “Restart from disk”, and then Play. Watch its row in the logs.",
    nodes: [7],
    part: "node-panel",
    code: { excerpt: tryPosition, lines: ["last_position_within", "at_least_committed"] },
    speed: 0.01,
    isDone: areLike1(7),
    done: "The log of node 7 is that of the leader. Nobody had to compare whole logs: one position after the other was enough.",
  },
};

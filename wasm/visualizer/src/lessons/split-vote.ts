import countVotes from "core:node/candidate.rs/count_votes";
import timeout from "core:node.rs/handle_election_timeout";
import vote from "core:node/follower.rs/handle_request_vote_call";
import { newCluster } from "../engine/acts.js";
import type { Lesson } from "./lesson.js";
import { has, isTold, who } from "./when.js";

export const splitVote: Lesson = {
  name: "split-vote",
  title: "A split vote",
  section: "§5.2",
  steps: [
    {
      caption:
        "Node 5 is the [[leader]] of these five [[nodes|node]]. To become the leader of a [[term]], a node needs the " +
        "[[votes|vote]] of a [[majority]]: three of five. What if two nodes want to lead at the same moment?",
      plot: [...newCluster(5, { seed: 11 }), has("leader"), 100_000],
      nodes: [5],
    },
    {
      caption:
        "The leader crashes. Then the [[timers|timer]] of nodes 1 and 2 run out at the same moment. Both become a " +
        "[[candidate]] of term 2, both vote for themselves, and both ask the others.",
      plot: ["crash 5", "lose", 40_000, "timeout 1", "timeout 2", ({ flights }) => flights.size === 8],
      nodes: [1, 2],
      speed: 0.01,
      code: { excerpt: timeout, lines: ["self.start_election("] },
    },
    {
      caption: "Messages take different times. Node 3 hears node 1 first, and votes for it. Node 4 hears node 2 first.",
      plot: [
        "#: arrive 1->4 next 26000",
        "#: arrive 2->3 next 26000",
        "#: arrive 1->2 next 30000",
        "#: arrive 2->1 next 30000",
        isTold(/3 votes for 1/),
        isTold(/4 votes for 2/),
      ],
      nodes: [3, 4],
      speed: 0.005,
      code: { excerpt: vote, lines: ["let is_free", "set_voted_for"] },
    },
    {
      caption:
        "Now each of them hears the other candidate, too late: its one vote of this term is given. Two votes against " +
        "two; three are needed. Nobody leads term 2. This is a [[split vote]].",
      plot: [isTold(/3 refuses 2/), isTold(/4 refuses 1/), 10_000],
      nodes: [1, 2],
      part: "majorities",
      speed: 0.005,
      code: { excerpt: vote, lines: ["if !is_free", "return;"] },
    },
    {
      caption:
        "Nothing is broken; there is just no leader for a while. The way out is chance: each timer has another " +
        "length, so next time one node is first, and is done before the others begin. Term 3 has a leader.",
      plot: [has("leader")],
      speed: 0.025,
      code: { excerpt: countVotes, lines: ["are_majority", "become_leader"] },
    },
  ],
  exercise: {
    caption: "Your turn: let two nodes stand for election in the same term. Will they split the vote?",
    hint: "Choose a node that does not lead, and press “Time out now”. Then do the same with another one, before you press Play.",
    part: "node-panel",
    plot: ["restart 5", 60_000],
    code: { excerpt: timeout, lines: ["self.start_election("] },
    isDone: (moment) => {
      const terms = who(moment, "candidate").map((id) => moment.outline.get(id)!.currentTerm);
      return new Set(terms).size < terms.length;
    },
    done: "Two candidates in one term. Press Play to see who wins, if anybody does. If nobody does, they try again by themselves.",
  },
};

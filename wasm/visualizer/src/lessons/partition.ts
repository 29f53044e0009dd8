import accept from "core:node/follower.rs/append_entries";
import commit from "core:node/leader.rs/commit_index_of";
import countVotes from "core:node/candidate.rs/count_votes";
import heedTerm from "core:node/term.rs/heeds_term";
import { newCluster, partition as split } from "../engine/acts.js";
import type { Lesson } from "./lesson.js";
import { follows, has, isTold, who } from "./when.js";

export const partition: Lesson = {
  name: "partition",
  title: "A broken network",
  section: "§5.1, §5.2",
  steps: [
    {
      caption:
        "Node 5 is the [[leader]]. What happens if the network breaks between some [[nodes|node]] and the others? Nobody " +
        "has crashed then, but nobody can tell the difference.",
      plot: [...newCluster(5, { seed: 11 }), has("leader"), 120_000],
      nodes: [5],
    },
    {
      caption:
        "Now nodes 1 and 5 are on one side, and 2, 3 and 4 on the other. This is a [[partition]]: what is sent across " +
        "is lost. On the right-hand side the [[timers|timer]] run out, and the three elect a leader of [[term]] 2.",
      plot: [
        ...split(
          [1, 2, 3, 4, 5],
          [
            [1, 5],
            [2, 3, 4],
          ],
        ),
        has("leader", 2),
      ],
      nodes: [2, 3, 4],
      speed: 0.05,
      code: { excerpt: countVotes, lines: ["are_majority", "become_leader"] },
    },
    {
      caption:
        "Two leaders! But of different terms: node 5 still leads term 1, and has heard nothing of term 2. It cannot know " +
        "that it is out of date. Such a leader is called stale. Is that dangerous?",
      plot: [30_000],
      nodes: [2, 5],
    },
    {
      caption:
        "Two [[clients|client]] give [[commands|command]], one to each leader. Node 2 has a [[majority]] on its side: its " +
        "command is [[committed|commit]]. Node 5 reaches only node 1: two of five. Its command stays “in progress”.",
      plot: ["propose 5 1", "propose 2 1", isTold(/The command at 2\/4 is committed/), 20_000],
      nodes: [2, 5],
      part: "requests",
      code: { excerpt: commit, lines: ["majority_index"] },
    },
    {
      caption:
        "The network works again. Node 5 hears of term 2. Its own term is over, so it stops leading at once and " +
        "becomes a [[follower]].",
      plot: ["mend", follows(5, 2)],
      nodes: [5],
      code: { excerpt: heedTerm, lines: ["msg.term() > self.current_term", "become_follower"] },
    },
    {
      caption:
        "Its log is repaired: the [[entry]] that was never committed gives way to that of node 2. The client hears the " +
        "truth: rejected. Nothing that was promised is lost, and nothing was decided twice.",
      plot: [isTold(/The command at 1\/3 is rejected/), 10_000],
      nodes: [1, 5],
      part: "requests",
      code: { excerpt: accept, lines: ["self.take_over(entries)"] },
    },
  ],
  exercise: {
    caption: "Your turn: break the network so that two nodes believe that they lead.",
    hint:
      "Under “Network” choose the leader, or the leader and one other node, and press “Split off”. Then press Play, " +
      "and wait until the others lose patience.",
    part: "network",
    speed: 0.05,
    plot: [60_000],
    code: { excerpt: heedTerm, lines: ["msg.term() > self.current_term", "become_follower"] },
    isDone: (moment) => who(moment, "leader").length > 1,
    done: "Two leaders, of two terms, and only one of them has a majority. Press “Mend all” to see the older one give way.",
  },
};

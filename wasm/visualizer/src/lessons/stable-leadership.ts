import preVote from "core:node/pre_vote.rs/answer_pre_vote";
import startPreVote from "core:node/pre_vote.rs/start_pre_vote";
import hearsQuorum from "core:node/leader.rs/hears_quorum";
import disturbance from "core:node/term.rs/is_disturbance";
import heedTerm from "core:node/term.rs/heeds_term";
import { newCluster, partition } from "../engine/acts.js";
import type { Lesson } from "./lesson.js";
import { has, isTold } from "./when.js";

const ALL = [1, 2, 3, 4, 5];
/** Nothing goes to this node, and nothing comes from it. */
function unplug(id: number): string[] {
  return partition(ALL, [[id], ALL.filter((other) => other !== id)]);
}

export const stableLeadership: Lesson = {
  name: "stable-leadership",
  title: "Leaders that last",
  section: "§6, thesis §9.6, §6.2",
  steps: [
    {
      caption:
        "Node 5 is the [[leader]]. Now somebody pulls out the network cable of node 3. It hears no [[heartbeat]] any " +
        "more, and this lesson is about the harm that it does when it comes back.",
      plot: [...newCluster(5, { seed: 11 }), has("leader"), 100_000, ...unplug(3)],
      nodes: [3],
    },
    {
      caption:
        "Alone, node 3 asks for [[votes|vote]] again and again. Nobody hears it. But each try begins a new [[term]], and " +
        "its number grows and grows.",
      plot: [({ outline }) => Number(outline.get(3)!.currentTerm) >= 4, 60_000],
      nodes: [3],
      speed: 0.1,
    },
    {
      caption:
        "The cable is back. A higher term always wins, so node 3 makes the leader step down, though nothing was wrong " +
        "with it. An election follows that nobody needed.",
      plot: ["mend", isTold(/5 no longer leads/), has("leader")],
      nodes: [3, 5],
      speed: 0.05,
      code: { excerpt: heedTerm, lines: ["msg.term() > self.current_term", "become_follower"] },
    },
    {
      caption:
        "So there is an option, “stable leadership”, which is switched on for all nodes now. With it, a node asks a " +
        "question before it raises the term: would you vote for me? This is called [[pre-vote]].",
      plot: ["options * stable 8", 120_000],
      part: "options",
      code: { excerpt: startPreVote, lines: ["MessageKind::PreVote", "self.call_for_votes"] },
    },
    {
      caption:
        "Now the cable of node 1 is out. It asks and asks, a hexagon with a dashed line, but its term stays as it is. " +
        "Nobody answers, so it never stands for election.",
      plot: [...unplug(1), has("candidate", 1), 500_000],
      nodes: [1],
      speed: 0.1,
      code: { excerpt: startPreVote, lines: ["MessageKind::PreVote", "self.call_for_votes"] },
    },
    {
      caption:
        "The cable is back. Who hears a leader would not vote for anybody else. Node 1 hears the leader, too, and goes " +
        "back to following it. Nobody has noticed anything.",
      plot: ["mend", has("follower", 1), 60_000],
      nodes: [1],
      speed: 0.05,
      code: { excerpt: preVote, lines: ["let has_leader", "!has_leader"] },
    },
    {
      caption:
        "There is one danger: if a leader is kept that nobody hears, all wait for ever. So a leader counts. If no " +
        "[[majority]] has answered it for some of its own [[timers|timer]], it steps down by itself.",
      part: "options",
      code: { excerpt: hearsQuorum, lines: ["check_quorum", "silent_timeouts"] },
    },
  ],
  exercise: {
    caption: "Your turn: cut the leader off from the others, and watch it give up by itself.",
    hint: "Under “Network” choose the leader, and press “Split off”. Then press Play, and wait for half a simulated second.",
    part: "network",
    speed: 0.1,
    code: { excerpt: disturbance, lines: ["stable_leadership.is_some()", "has_contact ||"] },
    isDone: isTold(/no majority has answered it for too long/),
    done: "It leads no longer, and its term is the same as before. So it can answer its clients honestly, and ask them to go elsewhere.",
  },
};

import majority from "core:quorum.rs/is_majority";
import leave from "core:node/leader.rs/leave_joint_consensus";
import followConfig from "core:node/leader.rs/follow_committed_config";
import propose from "core:node/leader.rs/propose";
import { newCluster } from "../engine/acts.js";
import type { Moment } from "../engine/moment.js";
import type { Lesson } from "./lesson.js";
import { allAre, has, node, who } from "./when.js";

/** The voters as the leader sees them; empty without a leader, and while the change is under way. */
function voters(moment: Moment): string {
  const leader = who(moment, "leader").map((id) => node(moment, id)!)[0];
  const config = leader?.log.latestConfig;
  if (leader === undefined || config === undefined || config.isJointConsensus) return "";
  return leader.commitIndex < leader.log.lastPosition.index ? "" : [...config.voters].join();
}

export const jointConsensus: Lesson = {
  name: "joint-consensus",
  title: "Changing the members",
  section: "§6",
  steps: [
    {
      caption:
        "Three [[nodes|node]] work together. Two of them, 2 and 3, are to be replaced by new machines, 4 and 5. All the " +
        "while the [[cluster]] has to go on working.",
      plot: [...newCluster(3, { seed: 5 }), has("leader", 1), 60_000, "start 4,5", 60_000],
      nodes: [1, 2, 3],
      part: "cluster",
    },
    {
      caption:
        "Why not tell each node the new list? They would not hear of it at the same moment. For a while 2 and 3 would " +
        "be a [[majority]] of the old list, and 4 and 5 one of the new list. Each pair could elect its own [[leader]].",
      nodes: [2, 3, 4, 5],
    },
    {
      caption:
        "So there is a step in between, [[joint consensus]]. The leader writes both lists in its [[log]]. A node uses a " +
        "list as soon as it is in its log. Now every decision needs two majorities, old and new. Both are drawn here.",
      plot: ["config 1 {1,2,3}->{1,4,5}", 20_000],
      nodes: [1],
      part: "majorities",
      speed: 0.01,
      code: { excerpt: majority, lines: ["is_majority_of(&config.voters)", "is_majority_of(&config.new_voters)"] },
    },
    {
      caption:
        "The new nodes know nothing yet. The leader sends them all they lack, just as it does for any other " +
        "[[follower]].",
      plot: [(moment) => [4, 5].every((id) => Number(node(moment, id)?.log.lastPosition.index) >= 3)],
      nodes: [4, 5],
      part: "logs",
      speed: 0.01,
      code: { excerpt: propose, lines: ["leader.set_config"] },
    },
    {
      caption:
        "Both majorities have the entry: it is [[committed|commit]]. From now on neither list can decide without the " +
        "other. So the leader may go on, by itself, to the new list alone.",
      plot: [(moment) => node(moment, 1)?.log.latestConfig.isJointConsensus === false],
      nodes: [1],
      part: "majorities",
      speed: 0.01,
      code: { excerpt: followConfig, lines: ["is_joint_consensus()", "leave_joint_consensus"] },
    },
    {
      caption:
        "As soon as that entry is committed, too, by a majority of the new list, the change is through. Nodes 2 and 3 " +
        "are members no more.",
      plot: [(moment) => voters(moment) === "1,4,5", 60_000],
      nodes: [2, 3],
      part: "cluster",
      code: { excerpt: leave, lines: ["to_final", "self.propose"] },
    },
    {
      caption:
        "They can be switched off. The next [[command]] is committed without them, by 1, 4 and 5. Nobody outside has " +
        "noticed anything.",
      plot: ["crash 2", "crash 3", "propose 1 1", allAre("committed"), 20_000],
      nodes: [1, 4, 5],
      part: "requests",
    },
  ],
  exercise: {
    caption: "Your turn: take node 5 out of the cluster, and let the change go through.",
    hint: "Under “Members” choose “no member” for node 5, and press “Propose the change”. Then press Play.",
    part: "cluster",
    nodes: [5],
    code: { excerpt: followConfig, lines: ["is_joint_consensus()", "leave_joint_consensus"] },
    isDone: (moment) => voters(moment) === "1,4",
    done: "Members are 1 and 4 now. The change went through both lists, as it always does.",
  },
};

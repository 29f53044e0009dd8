import append from "core:node/follower.rs/append_entries";
import commit from "core:node/leader.rs/commit_index_of";
import propose from "core:node/leader.rs/propose";
import { newCluster } from "../engine/acts.js";
import type { Lesson } from "./lesson.js";
import { allAre, commits, has } from "./when.js";

export const replication: Lesson = {
  name: "replication",
  title: "Copying and committing",
  section: "§5.3",
  steps: [
    {
      caption:
        "The [[nodes|node]] keep a list together, the [[log]]: each row of the table is the copy of one node. What is " +
        "to be done stands there in order, so all nodes do the same. Only the [[leader]], node 5, adds to it.",
      plot: [...newCluster(5, { seed: 11 }), has("leader"), 120_000],
      nodes: [5],
      part: "logs",
    },
    {
      caption:
        "A [[client]] gives the leader a [[command]]. The leader adds it to its log as a new [[entry]], and sends it " +
        "to all others at once: the full circles. The number in an entry is the [[term]] in which it was made.",
      plot: ["propose 5 1", 8_000],
      nodes: [5],
      part: "logs",
      speed: 0.005,
      code: { excerpt: propose, lines: ["self.append(entry)", "prepare_broadcast"] },
    },
    {
      caption:
        "Each [[follower]] writes the entry on its [[disk]], and only then answers. What a node has answered for " +
        "survives its crash.",
      plot: [14_000],
      nodes: [1, 2, 3, 4],
      part: "logs",
      speed: 0.005,
      code: { excerpt: append, lines: ["self.take_over(entries)"] },
    },
    {
      caption:
        "As soon as a [[majority]] has the entry on disk, it is [[committed|commit]]: it is never lost, whatever " +
        "happens. Now the command is carried out, and the client gets its answer.",
      plot: [commits(5, 3)],
      nodes: [5],
      part: "requests",
      speed: 0.005,
      code: { excerpt: commit, lines: ["majority_index"] },
    },
    {
      caption:
        "The followers hear what is committed with the next [[heartbeat]]. Now all squares are filled: everybody " +
        "knows that the entry is there to stay.",
      plot: [({ outline }) => [...outline.values()].every((state) => state!.commitIndex === 3n)],
      nodes: [1, 2, 3, 4],
      part: "logs",
      code: { excerpt: append, lines: ["self.commit_index ="] },
    },
    {
      caption:
        "Two nodes crash. Three of five are still a majority, so the next command is committed as if nothing had " +
        "happened. A cluster of five can do without any two of its nodes.",
      plot: ["crash 1", "crash 2", "propose 5 1", allAre("committed"), 20_000],
      nodes: [1, 2],
      part: "requests",
      code: { excerpt: commit, lines: ["majority_index"] },
    },
    {
      caption:
        "A third node crashes. Two of five are no majority: the leader takes the next command, but cannot commit it. " +
        "It says so instead of promising what it could not keep.",
      plot: ["crash 3", "propose 5 1", 60_000],
      nodes: [3],
      part: "requests",
      code: { excerpt: commit, lines: ["majority_index"] },
    },
  ],
  exercise: {
    caption: "Your turn: get the last command committed.",
    hint: "A majority is missing one node. Choose node 1, 2 or 3, press “Restart from disk”, and then Play.",
    nodes: [3],
    part: "node-panel",
    code: { excerpt: commit, lines: ["majority_index"] },
    isDone: allAre("committed"),
    done: "Committed. The node that came back got what it had missed, and with it three of five have the entry.",
  },
};

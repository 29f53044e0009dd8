import commit from "core:node/leader.rs/commit_index_of";
import propose from "core:node/leader.rs/propose";
import acknowledge from "core:node/storage.rs/acknowledge";
import persisted from "core:node/storage.rs/handle_log_persisted";
import take from "core:storage.rs/take_acknowledgement";
import { newCluster } from "../engine/acts.js";
import { stickLine } from "../engine/disks.js";
import type { Moment } from "../engine/moment.js";
import type { Lesson } from "./lesson.js";
import { allAre, has, node } from "./when.js";

/** The disk of a node has reported so much of the log. */
function hasStored(id: number, index: number): (moment: Moment) => boolean {
  return (moment) => Number(node(moment, id)?.durableIndex ?? 0n) >= index;
}

export const asynchronousStorage: Lesson = {
  name: "asynchronous-storage",
  title: "Disks that take their time",
  section: "§5.3, thesis §10.2.1",
  steps: [
    {
      caption:
        "Three [[nodes|node]], and node 1 is the [[leader]]. Each has a [[disk]], and disks are slow. Sometimes one " +
        "takes a second for a write that took a millisecond before. This lesson is about what a node may do meanwhile.",
      plot: [...newCluster(3, { seed: 11 }), has("leader", 1), 120_000],
      nodes: [1],
    },
    {
      caption:
        "The safe way is to do nothing. Node 1 gets a [[command]], and its disk is stuck. All else has to wait until " +
        "the [[entry]] is stored, even the [[heartbeats|heartbeat]]. So the others hear nothing, and elect node 2.",
      plot: [stickLine(1, true), "propose 1", has("leader", 2)],
      nodes: [1, 2],
      speed: 0.05,
    },
    {
      caption:
        "So there is an option, “[[asynchronous storage]]”, which is switched on for all nodes now. A drum at each node " +
        "counts what is on its way to the disk. The disk of node 1 works again. But from now on, all disks take 40 " +
        "milliseconds for a write.",
      plot: [stickLine(1, false), "options * asynchronous", "#: disk 40000", 160_000],
      nodes: [2],
      part: "options",
      speed: 0.05,
    },
    {
      caption:
        "Node 2 gets a command. It gives the entry to its disk, and sends it to the others at the same time. It may: " +
        "who sends an entry does not say that it is stored.",
      plot: ["propose 2", 8_000],
      nodes: [2],
      part: "flights",
      speed: 0.005,
      code: { excerpt: propose, lines: ["self.append(entry)", "prepare_broadcast"] },
    },
    {
      caption:
        "The [[followers|follower]] have the entry in memory, and do not answer yet. An answer is a promise to have the " +
        "entry, and a crash would break it now. So the answer is held back. The panel of the node tells it.",
      plot: [14_000],
      nodes: [1, 3],
      part: "node-panel",
      speed: 0.005,
      code: { excerpt: acknowledge, lines: ["storage.hold_acknowledgement"] },
    },
    {
      caption:
        "The disk of node 2 was the first to begin, and is the first to report. Only now does the leader count itself: " +
        "one of three. Nobody counts what is not on a disk, and the leader is no exception.",
      plot: [hasStored(2, 5), 2_000],
      nodes: [2],
      part: "majorities",
      speed: 0.01,
      code: { excerpt: commit, lines: ["self.durable_index()"] },
    },
    {
      caption:
        "The other disks report, and the answers leave. With the first of them two of three have stored the entry: it " +
        "is [[committed|commit]]. All disks were at work at the same time, and nobody stood still.",
      plot: [allAre("committed")],
      nodes: [1, 3],
      part: "majorities",
      speed: 0.01,
      code: { excerpt: persisted, lines: ["release_acknowledgement", "advance_commit_index"] },
    },
    {
      caption:
        "Now the disk of the leader is stuck, and there is one more command. Its heartbeats go on. Nodes 1 and 3 store " +
        "the entry, and they are a [[majority]]. So it is committed, though the leader itself has not stored it.",
      plot: [stickLine(2, true), "propose 2", allAre("committed"), 60_000],
      nodes: [2],
      part: "majorities",
      speed: 0.05,
      code: { excerpt: commit, lines: ["self.durable_index()"] },
    },
    {
      caption:
        "The leader crashes. Its last entry was on the way to the disk, and is lost there. But node 2 was never counted for " +
        "it. Those that were counted have it, and any new leader needs one of their [[votes|vote]]: node 1 leads.",
      plot: ["crash 2", stickLine(2, false), has("leader", 1)],
      nodes: [2, 1],
      part: "logs",
      speed: 0.05,
      code: { excerpt: take, lines: ["position.index <= self.durable"] },
    },
    {
      caption:
        "Node 2 comes back with what its disk has. It has said nothing that was not stored, so there is no word to break. " +
        "The new leader sends it the entry again. Nothing that anybody has answered for was lost.",
      plot: ["restart 2", hasStored(2, 7), 20_000],
      nodes: [2],
      part: "logs",
      speed: 0.05,
    },
  ],
  exercise: {
    caption:
      "Your turn. The disks of nodes 2 and 3 are stuck, and there is a new command. All three nodes have it in memory, " +
      "but only one has stored it. Get it committed.",
    hint: "Choose node 2 or 3, and press “Stick the disk” once more to let it go. Then press Play.",
    plot: [stickLine(2, true), stickLine(3, true), "propose 1", 80_000],
    nodes: [3],
    part: "node-panel",
    speed: 0.05,
    code: { excerpt: acknowledge, lines: ["storage.hold_acknowledgement"] },
    isDone: allAre("committed"),
    done:
      "Committed: two of three disks have it. The last one may take as long as it likes. When it reports, its node " +
      "answers, too.",
  },
};

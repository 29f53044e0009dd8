import install from "core:node/snapshot.rs/handle_snapshot_installed";
import accepts from "core:node/snapshot.rs/accepts_snapshot";
import repair from "core:node/leader.rs/repair_follower";
import { newCluster } from "../engine/acts.js";
import type { Moment } from "../engine/moment.js";
import type { Lesson } from "./lesson.js";
import { allAre, has, node } from "./when.js";

function snapshotOf(moment: Moment, id: number): bigint {
  return node(moment, id)?.log.snapshotPosition.index ?? 0n;
}

export const snapshots: Lesson = {
  name: "snapshots",
  title: "Logs that do not grow for ever",
  section: "§7",
  steps: [
    {
      caption:
        "Every [[command]] makes the [[log]] longer. After a year no [[disk]] could hold it, and a [[node]] that starts " +
        "would take days to go through it all. Here are three nodes. Node 1 is the [[leader]], and node 3 is switched off.",
      plot: [...newCluster(3, { seed: 5 }), has("leader", 1), 60_000, "crash 3", 20_000],
      nodes: [1, 3],
      part: "logs",
    },
    {
      caption:
        "A [[client]] gives twelve commands. Nodes 1 and 2 are a [[majority]], so the commands are " +
        "[[committed|commit]], and carried out.",
      plot: ["propose 1 12", allAre("committed"), 60_000],
      nodes: [1, 2],
      part: "logs",
    },
    {
      caption:
        "What the commands have led to is much smaller than the list of them: who has set x to 1, then 2, then 3, has " +
        "x = 3. Node 1 saves this result: a [[snapshot]]. The [[entries|entry]] before it are not needed any more.",
      plot: ["snapshot 1", 15_000],
      nodes: [1],
      part: "logs",
      code: { excerpt: install, lines: ["self.log.compact"] },
    },
    {
      caption:
        "With the snapshot go the place where it ends in the log, and the list of members. Only what is committed can be " +
        "in a snapshot: it must never be taken back. Each node takes one when it likes, and asks nobody.",
      nodes: [1],
      part: "logs",
      code: { excerpt: accepts, lines: ["contains(position)", "position.index > self.commit_index"] },
    },
    {
      caption:
        "Node 3 comes back. It lacks twelve entries, and the leader has them no more. It finds that out with the next " +
        "[[heartbeat]].",
      plot: ["restart 3", (moment) => [...moment.flights.values()].some(({ payload }) => payload.type === "snapshot")],
      nodes: [3],
      part: "logs",
      code: { excerpt: repair, lines: ["Repair::Snapshot", "install_snapshots"] },
    },
    {
      caption:
        "So the leader sends its snapshot, the square with an S. Node 3 takes it in place of all the entries that it " +
        "stands for. From there on it goes on with entries as usual.",
      plot: [(moment) => snapshotOf(moment, 3) > 0n, 70_000],
      nodes: [3],
      part: "logs",
      speed: 0.01,
      code: { excerpt: install, lines: ["self.log.compact", "commit_index.max"] },
    },
  ],
  exercise: {
    caption: "Your turn: node 2 still keeps its whole log. Let it take a snapshot.",
    hint: "Choose node 2, and press “Snapshot”. Then look at its row in the logs.",
    nodes: [2],
    part: "node-panel",
    code: { excerpt: install, lines: ["self.log.compact"] },
    isDone: (moment) => snapshotOf(moment, 2) > 0n,
    done: "Node 2 has one square in place of its entries. Each node keeps its own log short, whether it leads or not.",
  },
};

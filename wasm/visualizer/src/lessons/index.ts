import { asynchronousStorage } from "./asynchronous-storage.js";
import { election } from "./election.js";
import { figure8 } from "./figure-8.js";
import { jointConsensus } from "./joint-consensus.js";
import type { Lesson } from "./lesson.js";
import { logRepair } from "./log-repair.js";
import { partition } from "./partition.js";
import { replication } from "./replication.js";
import { snapshots } from "./snapshots.js";
import { splitVote } from "./split-vote.js";
import { stableLeadership } from "./stable-leadership.js";

/** In the order in which they are best read. */
export const LESSONS: readonly Lesson[] = [
  election,
  splitVote,
  replication,
  logRepair,
  figure8,
  partition,
  jointConsensus,
  snapshots,
  stableLeadership,
  asynchronousStorage,
];

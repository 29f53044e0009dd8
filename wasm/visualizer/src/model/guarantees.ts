import type { Broken } from "../engine/moment.js";

/** A property of figure 3. */
export interface Guarantee {
  readonly name: string;
  readonly text: string;
  readonly section: string;
  readonly broken: Broken | undefined;
}

const FIGURE_3 = [
  ["Election Safety", "A term has at most one leader.", "§5.2"],
  ["Leader Append-Only", "A leader never overwrites or deletes entries of its log.", "§5.3"],
  ["Log Matching", "Two logs with one entry in common are the same up to it.", "§5.3"],
  ["Leader Completeness", "What is committed is in the logs of all later leaders.", "§5.4"],
  ["State Machine Safety", "No two nodes apply different entries at one index.", "§5.4.3"],
] as const;

/** The five, whether they hold, and whatever else is broken. */
export function guarantees(broken: readonly Broken[]): {
  readonly five: Guarantee[];
  readonly others: readonly Broken[];
} {
  const names = FIGURE_3.map(([name]) => name as string);
  const five = FIGURE_3.map(([name, text, section]) => ({
    name,
    text,
    section,
    broken: broken.find(({ property }) => property === name),
  }));
  return { five, others: broken.filter(({ property }) => !names.includes(property)) };
}

/** The flaws that can be switched on, and what is to be expected. */
export const FLAW_SWITCHES = [
  {
    name: "VoteNotStored",
    label: "Forget the vote",
    text: "The vote is never written: a node that crashes may vote twice.",
  },
  {
    name: "AppendNotSynced",
    label: "Skip fsync",
    text: "What was appended last is gone after a crash, though it was acknowledged.",
  },
  { name: "OneVoteShort", label: "Win one vote short", text: "One vote less than a majority is enough to lead." },
  {
    name: "CommitsOldTerms",
    label: "Commit old terms",
    text: "Entries of older terms are committed by counting (figure 8).",
  },
  {
    name: "ComparesOnlyIndexes",
    label: "Vote for the longer log",
    text: "The last term is not compared, only the length.",
  },
] as const;

import type { Moment } from "../engine/moment.js";

type Role = "leader" | "candidate" | "follower";

/** Who has this role, by its own belief. */
export function who(moment: Moment, role: Role): number[] {
  return [...moment.outline].filter(([, node]) => node?.role === role).map(([id]) => id);
}

/** A node has this role; without a node, any. */
export function has(role: Role, id?: number): (moment: Moment) => boolean {
  return (moment) => (id === undefined ? who(moment, role).length > 0 : who(moment, role).includes(id));
}

/** What a node has in memory; `undefined` while it is down. */
export function node(moment: Moment, id: number) {
  return moment.world.server(BigInt(id))?.node;
}

/** All that was asked for so far has this status. */
export function allAre(status: "committed" | "rejected"): (moment: Moment) => boolean {
  return ({ requests }) => requests.length > 0 && requests.every((request) => request.status === status);
}

/** A node knows that everything up to this index is committed. */
export function commits(id: number, index: number): (moment: Moment) => boolean {
  return ({ outline }) => Number(outline.get(id)?.commitIndex ?? 0n) >= index;
}

/** Something was told in these words. */
export function isTold(words: RegExp): (moment: Moment) => boolean {
  return ({ notes }) => notes.some(({ text }) => words.test(text));
}

/** A node follows a leader of this term. */
export function follows(id: number, term: number): (moment: Moment) => boolean {
  return ({ outline }) => {
    const state = outline.get(id);
    return state?.role === "follower" && state.leaderId !== undefined && Number(state.currentTerm) === term;
  };
}

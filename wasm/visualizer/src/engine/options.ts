/** What a node does beyond the basic algorithm: `raftbare::NodeOptions`. */
export interface NodeOptions {
  /** Keeps a leader that works: after so many timeouts without a majority it steps down; `undefined` for off. */
  readonly silentTimeouts: number | undefined;
  /** Votes and stores as any other, and does not call for votes. */
  readonly neverLeads: boolean;
  /** As leader, refuses a follower that has lost entries which it had acknowledged. */
  readonly refusesLostTail: boolean;
  /** Goes on while its disk is at work; what promises something waits until that is stored. */
  readonly isAsynchronous: boolean;
  /** Tells what happens to it. */
  readonly tellsEvents: boolean;
}

export const DEFAULT_OPTIONS: NodeOptions = {
  silentTimeouts: undefined,
  neverLeads: false,
  refusesLostTail: false,
  isAsynchronous: false,
  tellsEvents: false,
};

/** The options that are on or off, and their words in the text format. */
const WORDS = {
  neverLeads: "never-leads",
  refusesLostTail: "refuses-lost-tail",
  isAsynchronous: "asynchronous",
  tellsEvents: "events",
} as const;

export type Switch = keyof typeof WORDS;
const SWITCHES = Object.keys(WORDS) as Switch[];

/** The line that gives these options to nodes: `options 1,2 stable 8 never-leads`. */
export function optionsLine(ids: readonly number[] | "*", options: NodeOptions): string {
  const { silentTimeouts } = options;
  const words: string[] = silentTimeouts === undefined ? [] : [`stable ${silentTimeouts}`];
  words.push(...SWITCHES.filter((name) => options[name]).map((name) => WORDS[name]));
  return `options ${ids === "*" ? ids : ids.join(",")} ${words.join(" ") || "default"}`;
}

/** The options of nodes after a line that gives some, and was played. */
export function followOptions(
  known: ReadonlyMap<number, NodeOptions>,
  line: string,
  all: Iterable<number>,
): ReadonlyMap<number, NodeOptions> {
  const [, ids = "", ...words] = line.split(" ");
  const stable = words.indexOf("stable");
  const on = Object.fromEntries(SWITCHES.map((name) => [name, words.includes(WORDS[name])]));
  const silentTimeouts = stable < 0 ? undefined : Number(words[stable + 1]);
  const options: NodeOptions = { ...DEFAULT_OPTIONS, ...on, silentTimeouts };
  const meant = ids === "*" ? [...all] : ids.split(",").map(Number);
  return new Map([...known, ...meant.map((id) => [id, options] as const)]);
}

/** What all of these have in common. */
export function commonOptions(all: readonly NodeOptions[]): NodeOptions {
  const [first = DEFAULT_OPTIONS] = all;
  const on = Object.fromEntries(SWITCHES.map((name) => [name, all.every((one) => one[name])]));
  const isSame = all.every(({ silentTimeouts }) => silentTimeouts === first.silentTimeouts);
  return { ...first, ...on, silentTimeouts: isSame ? first.silentTimeouts : undefined };
}

/** What a node does beyond the basic algorithm: `raftbare::NodeOptions`. */
export interface NodeOptions {
  /** Keeps a leader that works: after so many timeouts without a majority it steps down; `undefined` for off. */
  readonly silentTimeouts: number | undefined;
  /** Votes and stores as any other, and does not call for votes. */
  readonly neverLeads: boolean;
}

export const DEFAULT_OPTIONS: NodeOptions = { silentTimeouts: undefined, neverLeads: false };

/** The line that gives these options to nodes: `options 1,2 stable 8 never-leads`. */
export function optionsLine(ids: readonly number[] | "*", { silentTimeouts, neverLeads }: NodeOptions): string {
  const words = [];
  if (silentTimeouts !== undefined) words.push(`stable ${silentTimeouts}`);
  if (neverLeads) words.push("never-leads");
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
  const options: NodeOptions = {
    silentTimeouts: stable < 0 ? undefined : Number(words[stable + 1]),
    neverLeads: words.includes("never-leads"),
  };
  const meant = ids === "*" ? [...all] : ids.split(",").map(Number);
  return new Map([...known, ...meant.map((id) => [id, options] as const)]);
}

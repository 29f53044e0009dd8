import { batch, computed, signal } from "@preact/signals";
import { newCluster } from "../engine/acts.js";
import type { Dials } from "../engine/dials.js";
import type { Moment } from "../engine/moment.js";
import type { Playback } from "../engine/playback.js";
import { Run } from "../engine/run.js";
import { playScenario } from "../engine/scenario.js";
import type { Timeline } from "../engine/timeline.js";
import { look } from "./look.js";

/** A run and where it comes from. */
export interface Branch {
  readonly id: number;
  readonly name: string;
  readonly run: Run;
  /** Where it has left another one. */
  readonly forkedAt: { readonly from: string; readonly time: number } | undefined;
}

/** Simulated seconds in a real one. */
export const SPEEDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 10] as const;

const FIRST_TIME = 1_000_000;

/** Why nothing can be done. */
export const READ_ONLY = "A recording can be watched, not changed. Go back to the simulation to act.";

const names = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
let newestId = 0;

export const branches = signal<readonly Branch[]>([]);
export const currentId = signal(0);
export const isPlaying = signal(false);
export const speed = signal<number>(0.025);
/** When the page stops playing by itself. */
export const stopAt = signal<number | undefined>(undefined);
export const selectedNode = signal<number | undefined>(undefined);
export const selectedFlight = signal<number | undefined>(undefined);
/** A recording that is watched in the place of the simulation. */
export const recording = signal<{ readonly name: string; readonly playback: Playback } | undefined>(undefined);
/** The row of the trace that is pointed at, here or there. */
export const focusedRow = signal<number | undefined>(undefined);
/** What did not work, or what was done, for the one who did it. */
export const message = signal("");
/** Counts the changes of the shown moment, which is no signal itself. */
const tick = signal(0);

export const branch = computed(() => branches.value.find(({ id }) => id === currentId.value)!);

/** What is watched. */
export const timeline = computed<Timeline>(() => recording.value?.playback ?? branch.value.run);

/** What is to be seen. */
export const view = computed(() => {
  tick.value;
  return look(timeline.value);
});

export function changed(): void {
  tick.value += 1;
}

function add(run: Run, forkedAt: Branch["forkedAt"]): void {
  const id = (newestId += 1);
  const name = names[(id - 1) % names.length]! + (id > names.length ? Math.ceil(id / names.length) : "");
  batch(() => {
    branches.value = [...branches.value, { id, name, run, forkedAt }];
    currentId.value = id;
    changed();
  });
}

/** Throws all away and begins with this run. */
export function begin(run: Run): void {
  const old = branches.value;
  newestId = 0;
  batch(() => {
    branches.value = [];
    recording.value = undefined;
    focusedRow.value = undefined;
    selectedFlight.value = undefined;
    message.value = "";
    add(run, undefined);
    const nodes = [...run.moment.outline];
    selectedNode.value = (nodes.find(([, node]) => node?.role === "leader") ?? nodes[0])?.[0];
  });
  old.forEach(({ run }) => run.free());
}

/** A calm cluster that has just got its leader. */
export function beginCalm(size: number, dials: Partial<Dials> = {}): void {
  const run = new Run();
  run.act(newCluster(size, dials));
  run.runTo(FIRST_TIME);
  begin(run);
}

/** A scenario, at its end. */
export function beginScenario(text: string): void {
  const run = playScenario(text);
  if (run.moment.outline.size > 0) return begin(run);
  run.free();
  throw new SyntaxError("this scenario starts no node");
}

/** Does something at the shown moment; if that is in the past, in a branch of its own. Both are kept. */
export function act(what: readonly string[] | ((run: Run) => void)): void {
  if (recording.value !== undefined) return void (message.value = READ_ONLY);
  const { run, name } = branch.value;
  if (run.isOver) {
    message.value = "This run has ended, as a guarantee is broken. Go back in time, and act there.";
    return;
  }
  if (!run.isAtEnd) {
    add(run.fork(), { from: name, time: run.moment.now });
    message.value = `The past is kept as branch ${name}; this is branch ${branch.value.name}.`;
  } else {
    message.value = "";
  }
  try {
    const present = branch.value.run;
    if (typeof what === "function") what(present);
    else present.act(what);
  } catch (error) {
    message.value = error instanceof Error ? error.message : String(error);
  }
  afterChange();
}

/** Moves in time. */
export function move(how: (timeline: Timeline) => void): void {
  how(timeline.value);
  afterChange();
}

/** Shows a recording, or with `undefined` the simulation as it was left. */
export function watchRecording(what: typeof recording.value): void {
  batch(() => {
    isPlaying.value = false;
    recording.value = what;
    selectedFlight.value = undefined;
    focusedRow.value = undefined;
    const ids = view.value.ids;
    if (selectedNode.value === undefined || !ids.includes(selectedNode.value)) selectedNode.value = ids[0];
    changed();
  });
}

/** The page stops where a guarantee breaks. */
export function afterChange(): void {
  if (timeline.value.isOver) isPlaying.value = false;
  const { flights } = timeline.value.moment;
  if (selectedFlight.value !== undefined && !flights.has(selectedFlight.value)) selectedFlight.value = undefined;
  changed();
}

/** Shows a message in full. Time stands still, or it would be gone. */
export function inspect(number: number): void {
  isPlaying.value = false;
  selectedFlight.value = number;
}

export function moment(): Moment {
  return branch.value.run.moment;
}

export function showBranch(id: number): void {
  currentId.value = id;
  changed();
}

/** Forgets a branch, unless it is the only one. */
export function dropBranch(id: number): void {
  if (branches.value.length < 2) return;
  const gone = branches.value.find((one) => one.id === id);
  const rest = branches.value.filter((one) => one.id !== id);
  batch(() => {
    if (currentId.value === id) currentId.value = rest.at(-1)!.id;
    branches.value = rest;
    changed();
  });
  gone?.run.free();
}

import { effect } from "@preact/signals";
import { ScriptWorld } from "raftbare/simulator";
import { fromHash, toHash } from "../engine/link.js";
import { scenarioText } from "../engine/scenario.js";
import { lessonHash, openLessonOf } from "./lesson-state.js";
import { beginScenario, branch, isPlaying, message, recording, view } from "./store.js";

/** A longer history is put into a link only on request. */
const MOST_LINES = 20_000;
const PAUSE_MS = 400;

/** The shown run up to the shown moment, as text. */
export function presentText(): string {
  const { run } = branch.value;
  return scenarioText(run.history, run.moment.lines);
}

/** The same with what happened under each line: a file for `tests/scenarios`. */
export function toldText(): string {
  const { text, failure } = ScriptWorld.play(presentText());
  return failure === undefined ? text : `${text}# broken: ${failure.violation.property}\n`;
}

export async function copyLink(): Promise<void> {
  const url = `${location.href.split("#")[0]}#${await toHash(presentText())}`;
  history.replaceState(null, "", url);
  await copy(url, "The link holds the whole scenario; it is in the clipboard.");
}

export async function copy(text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    message.value = done;
  } catch {
    message.value = "The clipboard is closed to this page; the address bar has the link.";
  }
}

/** While the page stands still, its address says what is shown. */
export function startSharing(): void {
  let timer = 0;
  effect(() => {
    const { lines } = view.value;
    const lesson = lessonHash();
    clearTimeout(timer);
    if (lesson !== undefined) {
      if (location.hash !== `#${lesson}`) history.replaceState(null, "", `#${lesson}`);
      return;
    }
    if (isPlaying.value || recording.value !== undefined || lines > MOST_LINES) return;
    timer = window.setTimeout(async () => {
      const hash = await toHash(presentText());
      if (!isPlaying.value && lessonHash() === undefined) history.replaceState(null, "", `#${hash}`);
    }, PAUSE_MS);
  });
}

/** Shows what the address says, if it says anything. Returns whether it does. */
export async function openHash(): Promise<boolean> {
  if (openLessonOf(location.hash)) return true;
  try {
    const text = await fromHash(location.hash);
    if (text === undefined) return false;
    beginScenario(text);
    return true;
  } catch (error) {
    message.value = `The address holds no scenario that can be played: ${error instanceof Error ? error.message : error}`;
    return false;
  }
}

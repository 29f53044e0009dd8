import { crashOrRestart, fireTimer, propose, proposeToLeader, takeSnapshot } from "./acts.js";
import { back, next } from "./lesson-state.js";
import { selectedNode, view } from "./store.js";
import { changeSpeed, step, steps, togglePlay } from "./transport.js";

/** What a key does; all of it has a button, too. */
const KEYS: Readonly<Record<string, () => void>> = {
  " ": togglePlay,
  ArrowRight: () => step(steps.stepEvent),
  ArrowLeft: () => step(steps.backEvent),
  "Shift+ArrowRight": () => step(steps.stepAction),
  "Shift+ArrowLeft": () => step(steps.backAction),
  "+": () => changeSpeed(1),
  "-": () => changeSpeed(-1),
  p: () => propose(),
  "Shift+P": () => proposeToLeader(),
  t: fireTimer,
  c: crashOrRestart,
  s: takeSnapshot,
  n: next,
  b: back,
};

/** Whether the key belongs to what has the focus. */
function isTaken(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  if (target.closest("input, select, textarea") !== null) return true;
  return event.key === " " && target.closest("button, summary, [tabindex]") !== null;
}

export function startKeys(): void {
  addEventListener("keydown", (event) => {
    if (isTaken(event)) return;
    const node = Number(event.key);
    const name =
      event.shiftKey && event.key.length > 1 ? `Shift+${event.key}` : event.key === "P" ? "Shift+P" : event.key;
    if (node >= 1 && view.value.ids.includes(node)) selectedNode.value = node;
    else if (KEYS[name] !== undefined) KEYS[name]();
    else return;
    event.preventDefault();
  });
}

import { effect } from "@preact/signals";
import { afterChange, branch, isPlaying, speed } from "./store.js";

/** The most real time that one frame stands for: a page that was in the background does not jump. */
const MOST_MS = 100;

/** Who wants no motion sees two pictures a second. */
const CALM_MS = 500;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** Lets time pass while the page plays. */
export function startClock(): void {
  let frame = 0;
  let before: number | undefined;
  let pending = 0;
  const tick = (now: number): void => {
    frame = requestAnimationFrame(tick);
    pending += Math.min(MOST_MS, now - (before ?? now));
    before = now;
    if (calm.matches && pending < CALM_MS) return;
    const { run } = branch.value;
    run.runTo(run.moment.now + pending * 1_000 * speed.value);
    pending = 0;
    afterChange();
  };
  effect(() => {
    cancelAnimationFrame(frame);
    before = undefined;
    if (isPlaying.value) frame = requestAnimationFrame(tick);
  });
}

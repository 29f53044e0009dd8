import { effect } from "@preact/signals";
import { afterChange, isPlaying, speed, stopAt, timeline } from "./store.js";

/** The most real time that one frame stands for: a page that was in the background does not jump. */
const MOST_MS = 100;

/** Who wants no motion sees two pictures a second. */
const CALM_MS = 500;

const calm = matchMedia("(prefers-reduced-motion: reduce)");

function stopPlaying(): void {
  stopAt.value = undefined;
  isPlaying.value = false;
}

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
    const run = timeline.value;
    const wanted = run.moment.now + pending * 1_000 * speed.value;
    const end = stopAt.value !== undefined && stopAt.value >= run.moment.now ? stopAt.value : Infinity;
    run.runTo(Math.min(wanted, end));
    pending = 0;
    if (wanted >= end) stopPlaying();
    afterChange();
  };
  effect(() => {
    cancelAnimationFrame(frame);
    before = undefined;
    if (isPlaying.value) frame = requestAnimationFrame(tick);
  });
}

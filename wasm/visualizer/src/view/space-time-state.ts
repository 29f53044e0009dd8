import { signal } from "@preact/signals";
import type { Filter, Frame } from "../model/space-time.js";
import { view } from "./store.js";

/** Microseconds in a pixel: the zoom. */
export const SCALES = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 20_000] as const;
export const HEIGHT = 440;

export const scale = signal<number>(500);
export const hidden = signal<ReadonlySet<number>>(new Set());
export const left = signal<ReadonlySet<Filter>>(new Set());
/** Whether the shown moment stays in sight. */
export const isFollowing = signal(true);
/** The upper edge while it does not follow, in pixels. */
export const top = signal(0);
export const width = signal(800);

/** Browsers have no room for more. */
const MOST_PIXELS = 12_000_000;
/** Where the shown moment is, and how much is free below the end. */
const NOW_AT = 0.8;
const FREE = 0.25;

export function usPerPixel(): number {
  return Math.max(scale.value, view.value.end / MOST_PIXELS);
}

/** How high all of it would be. */
export function wholeHeight(): number {
  return Math.max(HEIGHT, view.value.end / usPerPixel() + HEIGHT * FREE);
}

/** The upper edge of what is seen, in pixels. */
export function shownTop(): number {
  return isFollowing.value ? Math.max(0, Math.round(view.value.now / usPerPixel() - NOW_AT * HEIGHT)) : top.value;
}

export function frame(): Frame {
  const { now, ids } = view.value;
  const [each, from] = [usPerPixel(), shownTop() * usPerPixel()];
  return {
    from,
    usPerPixel: each,
    width: width.value,
    height: HEIGHT,
    now,
    nodes: ids,
    hidden: hidden.value,
    left: left.value,
  };
}

export function toggled<T>(set: ReadonlySet<T>, one: T): ReadonlySet<T> {
  const next = new Set(set);
  if (!next.delete(one)) next.add(one);
  return next;
}

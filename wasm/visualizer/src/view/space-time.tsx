import { computed, signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { CROWDED, draw, drawHeads, HEAD } from "../model/drawing.js";
import { isSame, nearest, rowsOf, type Scene, sizeOf, spaceTime } from "../model/space-time.js";
import { tellRow } from "../model/tell.js";
import { seconds } from "../model/words.js";
import { goToRow } from "./pointing.js";
import { Filters, Legend } from "./space-time-filters.js";
import { CanvasPlot, SvgPlot } from "./space-time-plot.js";
import {
  frame,
  HEIGHT,
  isFollowing,
  SCALES,
  scale,
  shownTop,
  top,
  usPerPixel,
  wholeHeight,
  width,
} from "./space-time-state.js";
import { focusedRow, view } from "./store.js";

/** What is listed as text. */
const MOST_LISTED = 200;

export const scene = computed<Scene>(() => spaceTime(view.value.trace, frame()));
const isListed = signal(false);
/** What the keys have led to is read out; what the pointer passes is not. */
const isByKey = signal(false);

function point(row: number | undefined, byKey = false): void {
  isByKey.value = byKey;
  focusedRow.value = row;
}

function rowAt(event: MouseEvent): number | undefined {
  const { left, top } = (event.currentTarget as HTMLElement).getBoundingClientRect();
  return nearest(view.value.trace, scene.value, event.clientX - left, event.clientY - top);
}

/** Up and down go from one thing to the next, in time. */
function onKey(event: KeyboardEvent): void {
  const { key } = event;
  if (key === "Enter" && focusedRow.value !== undefined) goToRow(focusedRow.value);
  else if (key === "Escape") point(undefined);
  else if (key === "ArrowDown" || key === "ArrowUp") step(key === "ArrowDown");
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function step(isDown: boolean): void {
  const rows = rowsOf(scene.value);
  const present = focusedRow.value;
  const next =
    present === undefined
      ? rows.at(isDown ? 0 : -1)
      : isDown
        ? rows.find((row) => row > present)
        : rows.findLast((row) => row < present);
  if (next !== undefined) return point(next, true);
  // The edge is reached: what follows comes into sight.
  scrollTo(shownTop() + (isDown ? HEIGHT : -HEIGHT) / 2);
}

function scrollTo(pixels: number): void {
  isFollowing.value = false;
  top.value = Math.max(0, Math.min(pixels, wholeHeight() - HEIGHT));
}

function Plot() {
  const scroller = useRef<HTMLDivElement>(null);
  const shown = scene.value;
  const { trace } = view.value;
  const shapes = draw(shown, (row) => isSame(trace, row, focusedRow.value));
  useLayoutEffect(() => {
    const element = scroller.current!;
    const observer = new ResizeObserver(() => (width.value = element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const wanted = shownTop();
  useLayoutEffect(() => {
    const element = scroller.current!;
    if (Math.abs(element.scrollTop - wanted) > 1) element.scrollTop = wanted;
  }, [wanted]);
  const onScroll = (): void => {
    const { scrollTop } = scroller.current!;
    if (Math.abs(scrollTop - shownTop()) > 2) scrollTo(scrollTop);
  };
  const Pen = sizeOf(shown) > CROWDED ? CanvasPlot : SvgPlot;
  return (
    <>
      <svg class="heads" width={shown.width} height={HEAD} aria-hidden="true">
        {drawHeads(shown).map(
          (head) =>
            head.type === "text" && (
              <text key={head.text} x={head.x} y={head.y} text-anchor="middle">
                {head.text}
              </text>
            ),
        )}
      </svg>
      <div
        ref={scroller}
        class="strip"
        tabIndex={0}
        role="group"
        aria-label="Space-time diagram. Time runs down. Up and down arrows go from event to event, Enter goes there."
        onScroll={onScroll}
        onKeyDown={onKey}
      >
        <div class="tall" ref={(element) => void element?.style.setProperty("height", `${wholeHeight()}px`)}>
          <div
            class="sticky"
            onPointerMove={(event) => point(rowAt(event))}
            onPointerLeave={() => point(undefined)}
            onClick={(event) => {
              // A click has whole pixels: what stands out already is what is meant.
              const row = focusedRow.value ?? rowAt(event);
              point(row);
              if (row !== undefined) goToRow(row);
            }}
          >
            <Pen shapes={shapes} width={shown.width} height={shown.height} />
          </div>
        </div>
      </div>
    </>
  );
}

/** The same as text, for who reads or listens. */
function List() {
  const { trace } = view.value;
  const rows = rowsOf(scene.value).slice(0, MOST_LISTED);
  return (
    <details class="listed" open={isListed.value} onToggle={(event) => (isListed.value = event.currentTarget.open)}>
      <summary>The same as a list</summary>
      {isListed.value && (
        <ol aria-label="Events in sight">
          {rows.map((row) => (
            <li key={row} class={isSame(trace, row, focusedRow.value) ? "pointed" : ""}>
              <button
                type="button"
                class="time"
                onClick={() => goToRow(row)}
                onFocus={() => point(row)}
                title="Go there"
              >
                {seconds(trace.at(row))}
              </button>{" "}
              {tellRow(trace, row)}
            </li>
          ))}
        </ol>
      )}
    </details>
  );
}

function Zoom() {
  const at = SCALES.findIndex((one) => one === scale.value);
  const zoom = (by: number): void => {
    const middle = (shownTop() + HEIGHT / 2) * usPerPixel();
    scale.value = SCALES[Math.max(0, Math.min(SCALES.length - 1, at + by))]!;
    if (!isFollowing.value) scrollTo(middle / usPerPixel() - HEIGHT / 2);
  };
  return (
    <span class="zoom">
      <button type="button" onClick={() => zoom(1)} disabled={at === SCALES.length - 1} aria-label="More time in sight">
        −
      </button>
      <span class="value">{seconds(HEIGHT * usPerPixel())} in sight</span>
      <button type="button" onClick={() => zoom(-1)} disabled={at === 0} aria-label="Less time in sight">
        +
      </button>
      <button
        type="button"
        aria-pressed={isFollowing.value}
        onClick={() => (isFollowing.value ? scrollTo(shownTop()) : (isFollowing.value = true))}
      >
        Follow now
      </button>
    </span>
  );
}

/** What the nodes did: time runs down, the nodes stand next to each other, messages go from one to the other. */
export function SpaceTime() {
  const { trace } = view.value;
  const row = focusedRow.value;
  return (
    <section class="card space-time" aria-label="Space-time">
      <div class="head">
        <h2>
          Space-time <small>time runs down; a click goes there</small>
        </h2>
        <Zoom />
      </div>
      <Filters />
      <Plot />
      <p class="caption" aria-live={isByKey.value ? "polite" : "off"}>
        {row !== undefined && row < trace.length
          ? `${seconds(trace.at(row))}: ${tellRow(trace, row)}`
          : "Point at something to read what it is."}
      </p>
      <Legend />
      <List />
    </section>
  );
}

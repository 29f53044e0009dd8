import { backAction, backEvent, stepAction, stepEvent } from "../engine/steps.js";
import { seconds } from "../model/words.js";
import type { Timeline } from "../engine/timeline.js";
import { isPlaying, move, SPEEDS, speed, view } from "./store.js";

export function step(how: (run: Timeline) => boolean): void {
  isPlaying.value = false;
  move((run) => void how(run));
}

export const steps = { backEvent, backAction, stepAction, stepEvent };

export function togglePlay(): void {
  isPlaying.value = !isPlaying.value;
}

export function changeSpeed(by: number): void {
  const at = SPEEDS.findIndex((one) => one === speed.value) + by;
  speed.value = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, at))]!;
}

function speedText(value: number): string {
  return value >= 1 ? `${value}×` : `1/${Math.round(1 / value)}`;
}

function Icon({ path }: { path: string }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

export function Transport() {
  const { now, end, lines, isAtEnd, isOver } = view.value;
  const seek = (event: Event): void => {
    isPlaying.value = false;
    const time = Number((event.currentTarget as HTMLInputElement).value);
    move((run) => run.seekTime(Math.min(time, end)));
  };
  return (
    <section class="card transport" aria-label="Time">
      <div class="buttons">
        <button
          type="button"
          onClick={() => step(backEvent)}
          disabled={lines === 0}
          title="Back to before the last event (←)"
          aria-label="Back by an event"
        >
          <Icon path="M3 2v12h2V2zM14 2 6 8l8 6z" /> event
        </button>
        <button
          type="button"
          onClick={() => step(backAction)}
          disabled={lines === 0}
          title="Back by one action (Shift ←)"
          aria-label="Back by an action"
        >
          <Icon path="M12 2 4 8l8 6z" /> action
        </button>
        <button type="button" class="main" onClick={togglePlay} disabled={isOver} title="Space">
          <Icon path={isPlaying.value ? "M3 2h4v12H3zM9 2h4v12H9z" : "M4 2v12l9-6z"} />{" "}
          {isPlaying.value ? "Pause" : "Play"}
        </button>
        <button
          type="button"
          onClick={() => step(stepAction)}
          disabled={isOver}
          title="One action (Shift →)"
          aria-label="On by an action"
        >
          action <Icon path="M4 2v12l8-6z" />
        </button>
        <button
          type="button"
          onClick={() => step(stepEvent)}
          disabled={isOver}
          title="The next event and what follows at once (→)"
          aria-label="On by an event"
        >
          event <Icon path="M2 2v12l8-6zM11 2h2v12h-2z" />
        </button>
      </div>
      <div class="timeline">
        <span class="value">{seconds(now)}</span>
        <input
          type="range"
          aria-label="Time"
          aria-valuetext={seconds(now)}
          min={0}
          max={Math.ceil(end)}
          step={1000}
          value={now}
          onInput={seek}
        />
        <span class="end">{isOver ? "ended" : isAtEnd ? "now" : `the past; to ${seconds(end)}`}</span>
        <label class="speed">
          <span>Speed</span>
          <select value={String(speed.value)} onChange={(event) => (speed.value = Number(event.currentTarget.value))}>
            {SPEEDS.map((one) => (
              <option key={one} value={String(one)}>
                {speedText(one)}
              </option>
            ))}
          </select>
        </label>
      </div>
    </section>
  );
}

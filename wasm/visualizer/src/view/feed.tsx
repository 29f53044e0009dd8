import { computed } from "@preact/signals";
import { seconds } from "../model/words.js";
import { isPlaying, move, speed, view } from "./store.js";

const SHOWN = 40;
/** From this speed on nobody can listen to all that happens. */
const READABLE = 0.5;
const notes = computed(() => view.value.moment.notes);

/** What happened and why, newest first. A click goes there. */
export function Feed() {
  const shown = notes.value.slice(-SHOWN).reverse();
  const go = (line: number): void => {
    isPlaying.value = false;
    move((run) => run.seek(line + 1));
  };
  return (
    <section class="card feed" aria-label="What happens, and why">
      <h2>What happens, and why</h2>
      <div
        class="events"
        role="log"
        aria-live={speed.value < READABLE ? "polite" : "off"}
        aria-relevant="additions"
        tabIndex={0}
        aria-label="Events"
      >
        <ol>
          {shown.map(({ number, at, line, kind, text }) => (
            <li key={number} class={`is-${kind}`}>
              <button type="button" class="time" onClick={() => go(line)} title="Go there">
                {seconds(at)}
              </button>
              <span>{text}</span>
            </li>
          ))}
        </ol>
      </div>
    </section>
  );
}

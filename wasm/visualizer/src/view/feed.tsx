import { computed } from "@preact/signals";
import { seconds } from "../model/words.js";
import { lesson } from "./lesson-state.js";
import { pointing } from "./pointing.js";
import { isPlaying, move, speed, view } from "./store.js";

const SHOWN = 40;
/** From this speed on nobody can listen to all that happens; and in a lesson the captions are read. */
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
        aria-live={speed.value < READABLE && lesson.value === undefined ? "polite" : "off"}
        aria-relevant="additions"
        tabIndex={0}
        aria-label="Events"
      >
        <ol {...pointing}>
          {shown.map(({ number, at, line, kind, text }) => (
            <li key={number} class={`is-${kind}`} data-line={line}>
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

import { signal } from "@preact/signals";
import { download } from "./files.js";
import { beginScenario, isPlaying, message } from "./store.js";
import { copy, copyLink, presentText, toldText } from "./sharing.js";

const text = signal("");

function open(): void {
  try {
    isPlaying.value = false;
    beginScenario(text.value);
    message.value = "This is the end of the scenario; go back to see how it came to this.";
  } catch (error) {
    message.value = `Not a scenario: ${error instanceof Error ? error.message : error}`;
  }
}

/** All that is shown as text, which a Rust test plays, too. */
export function ScenarioPanel() {
  return (
    <section class="card scenario" aria-label="Scenario">
      <h2>Scenario</h2>
      <p>What you see is a text, in the format of the tests of the Rust crate. The link holds all of it.</p>
      <div class="row">
        <button type="button" class="main" onClick={() => void copyLink()}>
          Copy link
        </button>
        <button type="button" onClick={() => void copy(presentText(), "The scenario is in the clipboard.")}>
          Copy text
        </button>
        <button type="button" onClick={() => download("scenario.txt", toldText(), "text/plain")}>
          Save
        </button>
        <button type="button" onClick={() => (text.value = presentText())}>
          Show
        </button>
      </div>
      <textarea
        aria-label="Scenario as text"
        rows={8}
        spellcheck={false}
        value={text.value}
        placeholder={"start 1,2,3\nfound 1 {1,2,3}\nsettle"}
        onInput={(event) => (text.value = event.currentTarget.value)}
      />
      <div class="row">
        <button type="button" onClick={open} disabled={text.value.trim() === ""}>
          Play this text
        </button>
      </div>
    </section>
  );
}

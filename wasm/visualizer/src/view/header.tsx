import { signal } from "@preact/signals";
import { isListing } from "./lesson-state.js";
import { message } from "./store.js";

type Theme = "auto" | "light" | "dark";
const THEMES: readonly Theme[] = ["auto", "light", "dark"];
const theme = signal<Theme>("auto");

function turn(): void {
  theme.value = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length]!;
  document.documentElement.dataset.theme = theme.value;
}

export function Header() {
  return (
    <header>
      <h1>
        raftbare <small>Raft, seen and broken by hand</small>
      </h1>
      <p class="message" role="status">
        {message.value}
      </p>
      <button
        type="button"
        class="main"
        aria-expanded={isListing.value}
        onClick={() => (isListing.value = !isListing.value)}
      >
        Learn
      </button>
      <span class="version">core {__CORE_VERSION__}</span>
      <button type="button" class="quiet" onClick={turn} aria-label={`Colours: ${theme.value}. Change`}>
        {theme.value === "auto" ? "◐ auto" : theme.value === "light" ? "○ light" : "● dark"}
      </button>
    </header>
  );
}

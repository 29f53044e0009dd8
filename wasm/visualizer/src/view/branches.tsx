import { seconds } from "../model/words.js";
import { branches, currentId, dropBranch, showBranch } from "./store.js";

/** What became of the past: a branch for each time that somebody acted in it. */
export function Branches() {
  if (branches.value.length < 2) return null;
  return (
    <nav class="branches" aria-label="Branches">
      <span>Branches</span>
      {branches.value.map(({ id, name, forkedAt }) => (
        <span key={id} class="branch">
          <button type="button" aria-pressed={id === currentId.value} onClick={() => showBranch(id)}>
            {name}
            {forkedAt && (
              <small>
                {" "}
                from {forkedAt.from} at {seconds(forkedAt.time)}
              </small>
            )}
          </button>
          <button type="button" class="quiet" onClick={() => dropBranch(id)} aria-label={`Forget branch ${name}`}>
            ×
          </button>
        </span>
      ))}
    </nav>
  );
}

import { seconds } from "../model/words.js";
import { view } from "./store.js";

const MARK = { "in-progress": "…", committed: "✓", rejected: "✕", unknown: "?", refused: "–" } as const;

/** What clients have asked for, and what the node they asked says of it. */
export function Requests() {
  const requests = [...view.value.moment.requests].reverse();
  return (
    <section class="card requests" aria-label="Client requests">
      <h2>
        Client requests <small>{requests.length}</small>
      </h2>
      {requests.length === 0 && <p class="faint">Propose something: here is what becomes of it.</p>}
      <ul tabIndex={0} aria-label="List of requests">
        {requests.map(({ number, kind, node, at, position, status }) => (
          <li key={number} class={status}>
            <b>{MARK[status]}</b> {kind} at {node}
            {position && ` → ${position.term}/${position.index}`} <span class="status">{status}</span>{" "}
            <small>{seconds(at)}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}

import { signal } from "@preact/signals";
import { partition } from "../engine/acts.js";
import { act, timeline, view } from "./store.js";

/** Which side a node is on, for a partition into two groups. */
const right = signal<ReadonlySet<number>>(new Set());

function toggleSide(id: number): void {
  const next = new Set(right.value);
  if (!next.delete(id)) next.add(id);
  right.value = next;
}

/** Which links work: a row for each sender, a column for each receiver. */
function Matrix() {
  const { ids } = view.value;
  return (
    <div class="scroller" tabIndex={0} role="region" aria-label="Table of links">
      <table class="matrix">
        <thead>
          <tr>
            <th scope="col">from ↓ to →</th>
            {ids.map((to) => (
              <th scope="col" key={to}>
                {to}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ids.map((from) => (
            <tr key={from}>
              <th scope="row">{from}</th>
              {ids.map((to) => {
                if (from === to) return <td key={to}>·</td>;
                const isCut = timeline.value.isCut(from, to);
                return (
                  <td key={to}>
                    <button
                      type="button"
                      class={isCut ? "link cut" : "link"}
                      aria-pressed={isCut}
                      aria-label={`${isCut ? "Mend" : "Cut"} ${from} to ${to}`}
                      onClick={() => act([`${isCut ? "mend" : "cut"} ${from}->${to}`])}
                    >
                      {isCut ? "✕" : "✓"}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export function Network() {
  const { ids } = view.value;
  const far = ids.filter((id) => right.value.has(id));
  const near = ids.filter((id) => !right.value.has(id));
  return (
    <section class="card network" aria-label="Network">
      <h2>Network</h2>
      <p>Every link is cut and mended by itself, in each direction. Or choose one side of a partition:</p>
      <div class="row" role="group" aria-label="One side of the partition">
        {ids.map((id) => (
          <button type="button" key={id} aria-pressed={right.value.has(id)} onClick={() => toggleSide(id)}>
            {id}
          </button>
        ))}
        <button
          type="button"
          class="bad"
          disabled={far.length === 0 || near.length === 0}
          onClick={() => act(partition(ids, [near, far]))}
        >
          Split off
        </button>
        <button type="button" onClick={() => act(["mend"])}>
          Mend all
        </button>
      </div>
      <Matrix />
    </section>
  );
}

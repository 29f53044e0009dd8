import { signal } from "@preact/signals";
import { type Cell, logTable, type Row } from "../model/log.js";
import { termColour } from "../model/ring.js";
import { proposeToLeader } from "./acts.js";
import { Acts } from "./read-only.js";
import { view } from "./store.js";

/** How many entries are side by side, and the last of them; undefined follows the end. */
const WIDTH = 24;
const lastShown = signal<number | undefined>(undefined);

const LETTER = { command: "", term: "T", clusterConfig: "C" } as const;

function title(cell: Cell): string {
  const facts = [
    `${cell.term}/${cell.index}: ${cell.text}`,
    cell.isCommitted ? "committed" : "not known to be committed",
  ];
  if (cell.isUnstored) facts.push("not on disk yet");
  if (cell.isDivergent) facts.push("not what the leader has here");
  if (cell.isDropped) facts.push("dropped, still on disk");
  return facts.join("; ");
}

function EntryCell({ cell, row, index }: { cell: Cell | undefined; row: Row; index: number }) {
  const edges = `${row.match === index ? " match" : ""}${row.next === index ? " next" : ""}`;
  if (index <= row.snapshot)
    return <td class={`snapshot${index === row.snapshot ? " edge" : ""}${edges}`} title="in the snapshot" />;
  if (cell === undefined) return <td class={`empty${edges}`} />;
  const classes = ["entry", `term-${termColour(cell.term)}`];
  if (cell.isCommitted) classes.push("committed");
  if (cell.isUnstored) classes.push("unstored");
  if (cell.isDivergent) classes.push("divergent");
  if (cell.isDropped) classes.push("dropped");
  return (
    <td class={classes.join(" ") + edges} title={title(cell)}>
      <span>
        {cell.term}
        <sup>{LETTER[cell.kind]}</sup>
        {cell.isDivergent && <i aria-label="diverges">≠</i>}
      </span>
    </td>
  );
}

/** The logs below each other, index by index. */
export function Logs() {
  const { servers, moment } = view.value;
  const table = logTable(servers, moment.next, WIDTH, lastShown.value);
  const indexes = Array.from({ length: Math.max(0, table.to - table.from + 1) }, (_, at) => table.from + at);
  const isFollowing = table.to === table.last;
  return (
    <section class="card logs" aria-label="Logs">
      <div class="head">
        <h2>
          Logs{" "}
          <small>
            {table.last} {table.last === 1 ? "entry" : "entries"}
          </small>
        </h2>
        <Acts>
          <button
            type="button"
            class="main"
            onClick={() => proposeToLeader()}
            title="Enter a command at the leader (Shift P)"
          >
            Client: propose
          </button>
          <button type="button" onClick={() => proposeToLeader(10)}>
            ×10
          </button>
        </Acts>
        {table.last > WIDTH && (
          <label class="scroll">
            Entries {table.from}–{table.to}
            <input
              type="range"
              min={WIDTH}
              max={table.last}
              value={table.to}
              onInput={(event) => {
                const to = Number(event.currentTarget.value);
                lastShown.value = to >= table.last ? undefined : to;
              }}
            />
            {!isFollowing && (
              <button type="button" onClick={() => (lastShown.value = undefined)}>
                newest
              </button>
            )}
          </label>
        )}
      </div>
      <div class="scroller" tabIndex={0} role="region" aria-label="Log table">
        <table>
          <thead>
            <tr>
              <th scope="col">node</th>
              <th scope="col">commit</th>
              <th scope="col">match</th>
              <th scope="col">next</th>
              <th scope="col">snapshot</th>
              {indexes.map((index) => (
                <th scope="col" key={index} class="index">
                  {index}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row) => (
              <tr key={row.id} class={row.isUp ? "" : "down"}>
                <th scope="row">
                  {row.id}
                  {row.isLeader && " ★"}
                </th>
                <td class="number">{row.isUp ? row.commit : "–"}</td>
                <td class="number">{row.match ?? "–"}</td>
                <td class="number">{row.next ?? "–"}</td>
                <td class="number">{row.snapshot || "–"}</td>
                {indexes.map((index) => (
                  <EntryCell key={index} cell={row.cells.get(index)} row={row} index={index} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="legend">
        Number: the term; <b>T</b> start of a term, <b>C</b> configuration. <span class="swatch committed" /> committed{" "}
        <span class="swatch" /> not yet <span class="swatch unstored" /> not on disk yet{" "}
        <span class="swatch divergent">≠</span> differs from the leader <span class="swatch dropped" /> dropped{" "}
        <span class="swatch snap" /> in the snapshot
        <span class="swatch match" /> match <span class="swatch next" /> next
      </p>
    </section>
  );
}

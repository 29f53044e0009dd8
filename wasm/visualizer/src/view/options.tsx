import { signal } from "@preact/signals";
import { DEFAULT_OPTIONS, type NodeOptions, optionsLine } from "../engine/options.js";
import { act, view } from "./store.js";

/** Whose options are shown and changed; undefined for all nodes. */
const whom = signal<number | undefined>(undefined);

/** As the library has it by default: about the timer of a follower. */
const SILENT_TIMEOUTS = 8;
const CHOICES = [2, 4, 8, 16, 32];

function words({ silentTimeouts, neverLeads }: NodeOptions): string {
  const said = [];
  if (silentTimeouts !== undefined) said.push(`stable leadership, ${silentTimeouts} timeouts`);
  if (neverLeads) said.push("never leads");
  return said.join("; ") || "the basic algorithm";
}

/** What all of these have in common. */
function common(all: readonly NodeOptions[]): NodeOptions {
  const [first = DEFAULT_OPTIONS] = all;
  return {
    silentTimeouts: all.every((one) => one.silentTimeouts === first.silentTimeouts) ? first.silentTimeouts : undefined,
    neverLeads: all.every((one) => one.neverLeads),
  };
}

/** What nodes do beyond the paper's basic algorithm. */
export function OptionsPanel() {
  const { ids, moment } = view.value;
  const of = (id: number): NodeOptions => moment.options.get(id) ?? DEFAULT_OPTIONS;
  const one = whom.value !== undefined && ids.includes(whom.value) ? whom.value : undefined;
  const present = one === undefined ? common(ids.map(of)) : of(one);
  const { silentTimeouts, neverLeads } = present;
  const change = (changed: Partial<NodeOptions>): void => {
    act([optionsLine(one === undefined ? "*" : [one], { ...present, ...changed })]);
  };
  return (
    <section class="card options" aria-label="Options">
      <h2>Options</h2>
      <p>What nodes do beyond the basic algorithm. Each node has its own, and keeps them over a restart.</p>
      <label>
        Options of{" "}
        <select
          value={String(one ?? "*")}
          onChange={(event) =>
            (whom.value = event.currentTarget.value === "*" ? undefined : Number(event.currentTarget.value))
          }
        >
          <option value="*">all nodes</option>
          {ids.map((id) => (
            <option key={id} value={String(id)}>
              node {id}
            </option>
          ))}
        </select>
      </label>
      <fieldset>
        <legend>{one === undefined ? "On all nodes" : `On node ${one}`}</legend>
        <label>
          <input
            type="checkbox"
            checked={silentTimeouts !== undefined}
            onChange={() => change({ silentTimeouts: silentTimeouts === undefined ? SILENT_TIMEOUTS : undefined })}
          />
          <span>
            <b>Stable leadership</b> A node asks who would vote for it before it raises the term (pre-vote). Who hears a
            leader heeds no other candidate. A leader that no majority answers steps down.
          </span>
        </label>
        {silentTimeouts !== undefined && (
          <label>
            It steps down after{" "}
            <select
              value={String(silentTimeouts)}
              onChange={(event) => change({ silentTimeouts: Number(event.currentTarget.value) })}
            >
              {[...new Set([...CHOICES, silentTimeouts])].map((count) => (
                <option key={count} value={String(count)}>
                  {count}
                </option>
              ))}
            </select>{" "}
            of its own timeouts.
          </label>
        )}
        <label>
          <input type="checkbox" checked={neverLeads} onChange={() => change({ neverLeads: !neverLeads })} />
          <span>
            <b>Never leads</b> The node votes and stores as any other, but does not call for votes.
          </span>
        </label>
      </fieldset>
      <ul class="faint" aria-label="Options of each node">
        {ids.map((id) => (
          <li key={id}>
            <b>{id}</b> {words(of(id))}
          </li>
        ))}
      </ul>
    </section>
  );
}

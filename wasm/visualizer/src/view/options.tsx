import { signal } from "@preact/signals";
import { commonOptions, DEFAULT_OPTIONS, type NodeOptions, optionsLine, type Switch } from "../engine/options.js";
import { act, view } from "./store.js";

/** Whose options are shown and changed; undefined for all nodes. */
const whom = signal<number | undefined>(undefined);

/** As the library has it by default: about the timer of a follower. */
const SILENT_TIMEOUTS = 8;
const CHOICES = [2, 4, 8, 16, 32];

/** The options that are on or off, in words. */
const SWITCHES: readonly { readonly name: Switch; readonly label: string; readonly text: string }[] = [
  {
    name: "neverLeads",
    label: "Never leads",
    text: "The node votes and stores as any other, but does not call for votes.",
  },
  {
    name: "isAsynchronous",
    label: "Asynchronous storage",
    text: "The node goes on while its disk is at work. What promises something waits until that is stored. Once on, it stays on until the node restarts.",
  },
  {
    name: "refusesLostTail",
    label: "Refuses lost tails",
    text: "As leader, it refuses a follower that has lost entries which it had acknowledged, in place of repairing it.",
  },
  {
    name: "tellsEvents",
    label: "Tells events",
    text: "The node itself tells what happens to it: that it leads, why it leads no more, whom it refuses.",
  },
];

function words(options: NodeOptions): string {
  const { silentTimeouts } = options;
  const said = silentTimeouts === undefined ? [] : [`stable leadership, ${silentTimeouts} timeouts`];
  said.push(...SWITCHES.filter(({ name }) => options[name]).map(({ label }) => label.toLowerCase()));
  return said.join("; ") || "the basic algorithm";
}

/** What nodes do beyond the paper's basic algorithm. */
export function OptionsPanel() {
  const { ids, moment } = view.value;
  const of = (id: number): NodeOptions => moment.options.get(id) ?? DEFAULT_OPTIONS;
  const one = whom.value !== undefined && ids.includes(whom.value) ? whom.value : undefined;
  const present = one === undefined ? commonOptions(ids.map(of)) : of(one);
  const { silentTimeouts } = present;
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
        {SWITCHES.map(({ name, label, text }) => (
          <label key={name}>
            <input type="checkbox" checked={present[name]} onChange={() => change({ [name]: !present[name] })} />
            <span>
              <b>{label}</b> {text}
            </span>
          </label>
        ))}
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

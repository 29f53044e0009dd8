import { FLAW_SWITCHES, guarantees } from "../model/guarantees.js";
import { act, isPlaying, move, timeline, view } from "./store.js";

function jump(line: number): void {
  isPlaying.value = false;
  move((run) => run.seek(line));
}

/** Figure 3 as it holds, and the mistakes that break it. */
export function BreakIt() {
  const { moment } = view.value;
  // What has happened further on in this branch is known, too.
  const broken = view.value.isAtEnd ? moment.broken : [...new Set([...timeline.value.broken, ...moment.broken])];
  const { five, others } = guarantees(broken);
  const first = broken.find(({ isFatal }) => isFatal) ?? broken[0];
  return (
    <section class="card break-it" aria-label="Guarantees">
      <h2>Guarantees, and how to break them</h2>
      <ul class="guarantees">
        {five.map(({ name, text, section, broken: how }) => (
          <li key={name} class={how ? "broken" : "holds"}>
            <b>
              {how ? "✕" : "✓"} {name}
            </b>{" "}
            <small>{section}</small>
            <br />
            {how ? how.detail : text}
          </li>
        ))}
        {others.map(({ property, detail }) => (
          <li key={property} class="warning">
            <b>! {property}</b>
            <br />
            {detail}
          </li>
        ))}
      </ul>
      {first && (
        <button type="button" class="main" onClick={() => jump(first.line)}>
          Go to just before the first violation
        </button>
      )}
      <fieldset>
        <legend>A mistake of whoever uses the library, on all nodes</legend>
        {[{ name: "-", label: "None", text: "Everything is stored when the library says so." }, ...FLAW_SWITCHES].map(
          ({ name, label, text }) => (
            <label key={name}>
              <input
                type="radio"
                name="flaw"
                checked={(moment.flaw ?? "-") === name}
                onChange={() => act([`flaw * ${name}`])}
              />
              <span>
                <b>{label}</b> {text}
              </span>
            </label>
          ),
        )}
      </fieldset>
    </section>
  );
}

import { MARKS } from "../model/drawing.js";
import { EVENT_FILTERS, MESSAGE_FILTERS } from "../model/space-time.js";
import { hidden, left, toggled } from "./space-time-state.js";
import { view } from "./store.js";

function Check({ text, isOn, onToggle }: { text: string; isOn: boolean; onToggle: () => void }) {
  return (
    <label>
      <input type="checkbox" checked={isOn} onChange={onToggle} /> {text}
    </label>
  );
}

/** Which nodes, messages and events are drawn. */
export function Filters() {
  const { ids } = view.value;
  const kinds = (names: typeof MESSAGE_FILTERS | typeof EVENT_FILTERS) =>
    names.map((name) => (
      <Check
        key={name}
        text={name}
        isOn={!left.value.has(name)}
        onToggle={() => (left.value = toggled(left.value, name))}
      />
    ));
  return (
    <details class="filters">
      <summary>Show</summary>
      <div role="group" aria-label="Nodes in the diagram">
        <b>Nodes</b>
        {ids.map((id) => (
          <Check
            key={id}
            text={`node ${id}`}
            isOn={!hidden.value.has(id)}
            onToggle={() => (hidden.value = toggled(hidden.value, id))}
          />
        ))}
      </div>
      <div role="group" aria-label="Messages in the diagram">
        <b>Messages</b>
        {kinds(MESSAGE_FILTERS)}
      </div>
      <div role="group" aria-label="Events in the diagram">
        <b>Events</b>
        {kinds(EVENT_FILTERS)}
      </div>
    </details>
  );
}

export function Legend() {
  return (
    <p class="legend">
      Bars: wide and lined a leader, ruled a candidate, thin a follower; the colour is the term. Lines: → arrived, ✕
      lost, ○ under way or lost unseen, doubled line sent twice, dash-dotted late.{" "}
      {Object.values(MARKS).map(([letter, , name]) => (
        <span key={name}>
          <b>{letter}</b> {name}{" "}
        </span>
      ))}
    </p>
  );
}

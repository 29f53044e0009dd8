import { dialLine, type Dials } from "../engine/dials.js";
import { act, view } from "./store.js";

interface Knob {
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly unit: string;
  readonly value: (dials: Dials) => number;
  readonly line: (value: number, dials: Dials) => string;
}

const KNOBS: readonly Knob[] = [
  {
    label: "Latency, about",
    least: 1,
    most: 200,
    step: 1,
    unit: "ms",
    value: ({ latency: [least, most] }) => Math.round((least + most) / 2_000),
    line: (ms) => dialLine("latency", [ms * 750, ms * 1_250]),
  },
  {
    label: "Loss",
    least: 0,
    most: 100,
    step: 5,
    unit: "%",
    value: ({ loss }) => loss / 10,
    line: (percent) => dialLine("loss", percent * 10),
  },
  {
    label: "Time to store",
    least: 0,
    most: 300,
    step: 1,
    unit: "ms",
    value: ({ disk }) => disk / 1_000,
    line: (ms) => dialLine("disk", ms * 1_000),
  },
  {
    label: "Heartbeat every",
    least: 10,
    most: 300,
    step: 10,
    unit: "ms",
    value: ({ heartbeat }) => heartbeat / 1_000,
    line: (ms) => dialLine("heartbeat", ms * 1_000),
  },
  {
    label: "Election timeout from",
    least: 20,
    most: 1_000,
    step: 10,
    unit: "ms, to",
    value: ({ election }) => election[0] / 1_000,
    line: (ms, { election }) => dialLine("election", [ms * 1_000, Math.max(ms * 1_000, election[1])]),
  },
  {
    label: "Election timeout to",
    least: 20,
    most: 2_000,
    step: 10,
    unit: "ms",
    value: ({ election }) => election[1] / 1_000,
    line: (ms, { election }) => dialLine("election", [Math.min(ms * 1_000, election[0]), ms * 1_000]),
  },
];

/** The world around the nodes. */
export function DialsPanel() {
  const { dials } = view.value.moment;
  return (
    <section class="card dials" aria-label="Dials">
      <h2>Dials</h2>
      {KNOBS.map(({ label, least, most, step, unit, value, line }) => (
        <label key={label}>
          <span>{label}</span>
          <input
            type="range"
            min={least}
            max={most}
            step={step}
            value={value(dials)}
            onChange={(event) => act([line(Number(event.currentTarget.value), dials)])}
          />
          <span class="value">
            {value(dials)} {unit.replace(", to", "")}
          </span>
        </label>
      ))}
    </section>
  );
}

import { type Flight, isPreVote } from "../engine/flight.js";
import { polygon, termColour, type Place } from "../model/ring.js";
import { flightKind, payloadText } from "../model/words.js";

interface Props {
  readonly flight: Flight;
  readonly place: Place;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}

function Shape({ flight, place }: Pick<Props, "flight" | "place">) {
  const { x, y } = place;
  const { payload } = flight;
  // Dashed as who asks it: nothing is decided yet.
  const vote = payload.type === "message" && isPreVote(payload.message) ? "pre-vote" : "vote";
  switch (flightKind(payload)) {
    case "vote-call":
      return <polygon class={vote} points={polygon(place, 12, 4)} />;
    case "vote-reply":
      return <polygon class={vote} points={polygon(place, 12, 3)} />;
    case "heartbeat":
      return <circle class="hollow" cx={x} cy={y} r={6} />;
    case "append":
      return <circle cx={x} cy={y} r={11} />;
    case "reply":
      return <rect class="hollow" x={x - 5} y={y - 5} width={10} height={10} rx={2} />;
    case "snapshot":
      return <rect x={x - 12} y={y - 12} width={24} height={24} rx={4} />;
  }
}

function letter({ payload }: Flight): string {
  switch (flightKind(payload)) {
    case "vote-call":
      return "?";
    case "vote-reply":
      return "✓";
    case "snapshot":
      return "S";
    case "append":
      return payload.type === "message" && payload.message.type === "appendEntriesCall"
        ? String(payload.message.entries.length)
        : "";
    default:
      return "";
  }
}

/** A message: its kind by its shape and letter, its term by its colour. */
export function FlightMark({ flight, place, isSelected, onSelect }: Props) {
  const { payload, from, to } = flight;
  const term = payload.type === "message" ? payload.message.term : payload.position.term;
  const classes = ["flight", `term-${termColour(term)}`];
  if (isSelected) classes.push("selected");
  if (flight.isHeld) classes.push("held");
  return (
    <g class={classes.join(" ")} data-flight={flight.number} onClick={onSelect}>
      <title>{`${from} to ${to}: ${payloadText(payload)}`}</title>
      <circle class="catch" cx={place.x} cy={place.y} r={20} />
      <Shape flight={flight} place={place} />
      <text x={place.x} y={place.y + 5} text-anchor="middle">
        {letter(flight)}
      </text>
      {flight.isHeld && (
        <text class="hold" x={place.x + 14} y={place.y - 8}>
          ‖
        </text>
      )}
    </g>
  );
}

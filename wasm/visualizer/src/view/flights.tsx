import { onFlight } from "../engine/acts.js";
import { progress, type Flight } from "../engine/flight.js";
import { payloadText } from "../model/words.js";
import { pointing } from "./pointing.js";
import { Acts } from "./read-only.js";
import { act, inspect, moment, selectedFlight, view } from "./store.js";

const LATER_US = 50_000;

function Buttons({ flight }: { flight: Flight }) {
  const does = (what: (typeof onFlight)["drop"]) => (): void => act(what(moment(), flight));
  return (
    <span class="row">
      {flight.isHeld ? (
        <button type="button" onClick={does(onFlight.release)}>
          Release
        </button>
      ) : (
        <>
          <button type="button" onClick={does(onFlight.deliver)}>
            Deliver now
          </button>
          <button type="button" class="bad" onClick={does(onFlight.drop)}>
            Drop
          </button>
          <button type="button" onClick={() => act(onFlight.delay(moment(), flight, LATER_US))}>
            Delay 50 ms
          </button>
          <button type="button" onClick={does(onFlight.duplicate)}>
            Duplicate
          </button>
          <button type="button" onClick={does(onFlight.hold)}>
            Hold
          </button>
        </>
      )}
    </span>
  );
}

/** What is on its way: chosen here or in the picture, then delivered, dropped, delayed, doubled, held. */
export function Flights() {
  const { moment: shown, now } = view.value;
  const flights = [...shown.flights.values()];
  const selected = shown.flights.get(selectedFlight.value ?? -1);
  return (
    <section class="card flights" aria-label="Messages in flight">
      <h2>
        Messages in flight <small>{flights.length}</small>
      </h2>
      {selected && (
        <div class="chosen">
          <p>
            <b>
              {selected.from} → {selected.to}
            </b>{" "}
            {payloadText(selected.payload)}
          </p>
          <code>{selected.text}</code>
          <Acts>
            <Buttons flight={selected} />
          </Acts>
        </div>
      )}
      {flights.length === 0 && <p class="faint">Nothing is on its way just now.</p>}
      <ul tabIndex={0} aria-label="List of messages" {...pointing}>
        {flights.map((flight) => (
          <li key={flight.number} data-flight={flight.number}>
            <button
              type="button"
              aria-pressed={selectedFlight.value === flight.number}
              onClick={() => inspect(flight.number)}
            >
              <b>
                {flight.from} → {flight.to}
              </b>{" "}
              {flight.text.replace(/^\d+ < \d+ /, "")}
            </button>
            <meter aria-label="How far it has come" min={0} max={1} value={progress(flight, now)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

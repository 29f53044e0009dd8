import { useRef } from "preact/hooks";
import { recordingOf, shivizLog } from "../engine/export.js";
import { Playback } from "../engine/playback.js";
import { MOST_BYTES, parseRecording } from "../engine/recording.js";
import { spaceTimeSvg } from "../model/drawing.js";
import { notesBefore, tellRow } from "../model/tell.js";
import { seconds } from "../model/words.js";
import { download, svgFile } from "./files.js";
import { scene } from "./space-time.js";
import { colours } from "./space-time-plot.js";
import { branch, message, READ_ONLY, recording, view, watchRecording } from "./store.js";

/** Says that this is a recording, and leads back. */
export function RecordingBar() {
  if (recording.value === undefined) return null;
  const { name, playback } = recording.value;
  return (
    <section class="card recording-bar" aria-label="Recording">
      <p>
        <b>{name}</b>: {playback.length} events of {view.value.ids.length} nodes in {seconds(playback.end)}. {READ_ONLY}
      </p>
      <button type="button" class="main" onClick={() => watchRecording(undefined)}>
        Back to the simulation
      </button>
    </section>
  );
}

/** Shows a file as a recording, or says why it is none. */
export async function open(file: File): Promise<void> {
  try {
    if (file.size > MOST_BYTES)
      throw new SyntaxError(`it is larger than ${MOST_BYTES / 1e6} MB: cut a piece out of it`);
    const playback = new Playback(parseRecording(await file.text()), notesBefore);
    watchRecording({ name: file.name, playback });
    message.value = "This is the end of the recording; go back to see how it came to this.";
  } catch (error) {
    message.value = `${file.name} cannot be shown: ${error instanceof Error ? error.message : error}`;
  }
}

/** A file that is dropped anywhere on the page is opened. */
export function startDropping(): void {
  const hasFile = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragover", (event) => hasFile(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    const file = event.dataTransfer!.files[0];
    if (file !== undefined) void open(file);
  });
}

/** Lets the page be drawn and used between two pieces of work. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

async function saveLines(): Promise<void> {
  const { run } = branch.value;
  const { lines } = run.moment;
  const pieces: string[] = [];
  for (const piece of recordingOf(run.history, lines)) {
    pieces.push(piece);
    message.value = `Recording: ${Math.min(100, Math.round((pieces.length * 100_000) / Math.max(1, lines)))} %`;
    await breathe();
  }
  message.value = "The recording is in your downloads.";
  download("recording.jsonl", pieces.join(""), "application/jsonl");
}

function saveRing(): void {
  const ring = document.querySelector<SVGSVGElement>("svg.ring");
  if (ring !== null) download("ring.svg", svgFile(ring, colours()("card")), "image/svg+xml");
}

/** What is shown, for other programs and for paper; and what other programs have recorded. */
export function RecordingPanel() {
  const input = useRef<HTMLInputElement>(null);
  const { trace, lines } = view.value;
  return (
    <section class="card exports" aria-label="Recordings">
      <h2>Recordings and pictures</h2>
      <p>What the nodes did up to now, as a file: a JSON object a line, or a log with vector clocks for ShiViz.</p>
      <div class="row">
        <button
          type="button"
          disabled={recording.value !== undefined}
          title={recording.value && "This is such a file already."}
          onClick={() => void saveLines()}
        >
          JSON lines
        </button>
        <button type="button" onClick={() => download("shiviz.log", shivizLog(trace, lines, tellRow), "text/plain")}>
          ShiViz log
        </button>
        <button type="button" onClick={saveRing}>
          SVG of the ring
        </button>
        <button
          type="button"
          onClick={() => download("space-time.svg", spaceTimeSvg(scene.value, colours()), "image/svg+xml")}
        >
          SVG of space-time
        </button>
      </div>
      <p>
        The simulator, the server and firmware record in the same JSON lines. Open such a file, or drop it anywhere on
        the page, and watch it here.
      </p>
      <div class="row">
        <button type="button" class="main" onClick={() => input.current?.click()}>
          Open a recording
        </button>
        <input
          ref={input}
          type="file"
          hidden
          accept=".jsonl,.ndjson,.json,.log,.txt"
          aria-label="Recording as a file"
          onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            event.currentTarget.value = "";
            if (file !== undefined) void open(file);
          }}
        />
      </div>
    </section>
  );
}

import type { ServerState } from "raftbare/simulator";
import { stickLine } from "../engine/disks.js";
import type { Told } from "../engine/moment.js";
import { withheld, writeText } from "../model/storage.js";
import { seconds } from "../model/words.js";
import { act, isPlaying, move, view } from "./store.js";

/** The disk of a node that goes on meanwhile: what is on its way, and what the node does not say before it is there. */
export function OnTheWay({ server }: { server: ServerState }) {
  const { writes } = server;
  const unsaid = withheld(server);
  return (
    <div class="on-the-way">
      <h3>On their way to the disk</h3>
      <ol aria-label="On their way to the disk" tabIndex={0}>
        {writes.length === 0 && <li class="faint">nothing</li>}
        {writes.map((write, at) => (
          <li key={at}>{writeText(write)}</li>
        ))}
      </ol>
      <h3>Not said before it is stored</h3>
      <ul aria-label="Not said before it is stored" tabIndex={0}>
        {unsaid.length === 0 && <li class="faint">nothing</li>}
        {unsaid.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </div>
  );
}

/** A disk that is stuck stores nothing, until it is let go. */
export function StickDisk({ id }: { id: number }) {
  const isStuck = view.value.moment.stuck.has(id);
  return (
    <button type="button" aria-pressed={isStuck} onClick={() => act([stickLine(id, !isStuck)])}>
      Stick the disk
    </button>
  );
}

/** What a node has told of itself, the newest first. A click goes there. */
export function ToldBy({ told }: { told: readonly Told[] }) {
  const go = (line: number): void => {
    isPlaying.value = false;
    move((run) => run.seek(line + 1));
  };
  return (
    <>
      <h3>What it tells of itself</h3>
      <ol class="told" aria-label="What it tells of itself">
        {told.length === 0 && <li class="faint">nothing yet</li>}
        {[...told].reverse().map(({ at, line, text }) => (
          <li key={`${line} ${text}`}>
            <button type="button" class="time" onClick={() => go(line)} title="Go there">
              {seconds(at)}
            </button>{" "}
            {text}
          </li>
        ))}
      </ol>
    </>
  );
}

import type { Action, ServerState } from "raftbare/simulator";
import { formatAction } from "raftbare/simulator";
import { signal } from "@preact/signals";
import { crashAfter, restartForgetful } from "../engine/acts.js";
import type { Done } from "../engine/moment.js";
import { type CrashPlace, crashPlaces, refusedBy } from "../model/storage.js";
import { actionWords, crashChoices, isStoring, roleName, seconds } from "../model/words.js";
import { crashOrRestart, fireTimer, propose, takeSnapshot } from "./acts.js";
import { Acts } from "./read-only.js";
import { OnTheWay, StickDisk, ToldBy } from "./storage.js";
import { act, isPlaying, recording, selectedNode, view } from "./store.js";

const choice = signal(0);

function State({ server, isStored }: { server: ServerState; isStored: boolean }) {
  const { node, disk } = server;
  const vote = (id: bigint | undefined): string => (id === undefined ? "nobody" : String(id));
  return (
    <table class="state">
      <thead>
        <tr>
          <td></td>
          <th scope="col">in memory</th>
          {isStored && <th scope="col">on disk</th>}
        </tr>
      </thead>
      <tbody>
        <tr>
          <th scope="row">term</th>
          <td>{node ? String(node.currentTerm) : "–"}</td>
          {isStored && <td>{String(disk.currentTerm)}</td>}
        </tr>
        <tr>
          <th scope="row">vote</th>
          <td>{node ? vote(node.votedFor) : "–"}</td>
          {isStored && <td>{vote(disk.votedFor)}</td>}
        </tr>
        <tr>
          <th scope="row">last entry</th>
          <td>{node ? `${node.log.lastPosition.term}/${node.log.lastPosition.index}` : "–"}</td>
          {isStored && <td>{`${disk.log.lastPosition.term}/${disk.log.lastPosition.index}`}</td>}
        </tr>
        <tr>
          <th scope="row">commit</th>
          <td>{node ? String(node.commitIndex) : "–"}</td>
          {isStored && <td class="faint">never stored</td>}
        </tr>
      </tbody>
    </table>
  );
}

/** All that a running node asks for, and what was done of it last. */
function Actions({ pending, done }: { pending: readonly Action[]; done: readonly Done[] }) {
  return (
    <ol class="actions" aria-label="Actions">
      {pending.map((action) => {
        const text = formatAction(action);
        return (
          <li key={`p${text}`} class={isStoring(action) ? "pending storing" : "pending"}>
            <b>to do</b> {actionWords(text)} <code>{text}</code>
          </li>
        );
      })}
      {[...done]
        .reverse()
        .slice(0, 8)
        .map(({ number, at, text, isSkipped }) => (
          <li key={number} class={isSkipped ? "skipped" : ""}>
            <b>{isSkipped ? "skipped" : seconds(at)}</b> {actionWords(text)} <code>{text}</code>
          </li>
        ))}
    </ol>
  );
}

/** Where a crash may come: between the actions that wait, or between the writes on their way to the disk. */
function crashesOf(server: ServerState, isAsynchronous: boolean): readonly CrashPlace[] {
  if (isAsynchronous) return crashPlaces(server);
  return crashChoices([...(server.node?.actions ?? [])]).map(({ label, actions, entries }) => ({
    label,
    lines: crashAfter(Number(server.id), actions, entries),
  }));
}

function Crash({ server, isAsynchronous }: { server: ServerState; isAsynchronous: boolean }) {
  const choices = crashesOf(server, isAsynchronous);
  const chosen = choices[Math.min(choice.value, choices.length - 1)]!;
  const crash = (): void => {
    choice.value = 0;
    act(chosen.lines);
  };
  return (
    <div class="row">
      <button type="button" class="bad" onClick={crash}>
        Crash
      </button>
      <label>
        stored by then:
        <select
          value={String(choices.indexOf(chosen))}
          onFocus={() => (isPlaying.value = false)}
          onChange={(event) => (choice.value = Number(event.currentTarget.value))}
        >
          {choices.map(({ label }, at) => (
            <option key={label} value={String(at)}>
              {label}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** A leader hands over to a voter of one's choice. */
function HandOver({ id, others }: { id: number; others: readonly number[] }) {
  return (
    <div class="row" role="group" aria-label="Hand over to">
      <span>Hand over to</span>
      {others.map((other) => (
        <button type="button" key={other} onClick={() => act([`transfer ${id} ${other}`])}>
          {other}
        </button>
      ))}
    </div>
  );
}

/** What a node is, and to whom. */
function standing({ id, node }: ServerState, servers: readonly ServerState[]): string {
  const name = roleName(node);
  if (node === undefined) return name;
  if (node.role === "leader") {
    return node.transferTarget === undefined ? name : `${name}, hands over to ${node.transferTarget}`;
  }
  const refuser = refusedBy(servers, id);
  const refused = refuser === undefined ? "" : `; ${refuser} refuses it, as it has lost entries`;
  return `${name}, follows ${node.leaderId ?? "nobody"}${refused}`;
}

export function NodePanel() {
  const { servers, ids, moment } = view.value;
  const id = selectedNode.value ?? ids[0];
  const server = servers.find((one) => Number(one.id) === id);
  if (server === undefined || id === undefined) return null;
  const { node } = server;
  // What is on disk, and what waits, is in no recording.
  const isStored = recording.value === undefined;
  const isAsynchronous = moment.outline.get(id)?.isAsynchronous ?? false;
  const told = moment.told.get(id) ?? [];
  return (
    <section class="card node-panel" aria-label="Selected node">
      <div class="tabs" role="group" aria-label="Select a node">
        {ids.map((one) => (
          <button type="button" key={one} aria-pressed={one === id} onClick={() => (selectedNode.value = one)}>
            {one}
          </button>
        ))}
      </div>
      <h2>
        Node {id} <small>{standing(server, servers)}</small>
      </h2>
      <Acts>
        <div class="row">
          <button type="button" onClick={() => propose()} disabled={!node} title="p">
            Propose
          </button>
          <button type="button" onClick={() => propose(5)} disabled={!node}>
            ×5
          </button>
          <button type="button" onClick={fireTimer} disabled={!node} title="t">
            {node?.role === "leader" ? "Heartbeat now" : "Time out now"}
          </button>
          <button type="button" onClick={takeSnapshot} disabled={!node} title="s">
            Snapshot
          </button>
          <StickDisk id={id} />
        </div>
        {node ? (
          <Crash server={server} isAsynchronous={isAsynchronous} />
        ) : (
          <div class="row">
            <button type="button" onClick={crashOrRestart}>
              Restart from disk
            </button>
            <button
              type="button"
              class="bad"
              disabled={server.disk.log.entries.isEmpty}
              onClick={() => act(restartForgetful(server))}
              title="The disk has lost the end of the log"
            >
              … without its last entry
            </button>
          </div>
        )}
        {node?.role === "leader" && <HandOver id={id} others={ids.filter((other) => other !== id)} />}
      </Acts>
      <State server={server} isStored={isStored} />
      {isAsynchronous && <OnTheWay server={server} />}
      {(moment.options.get(id)?.tellsEvents || told.length > 0) && <ToldBy told={told} />}
      {isStored && <h3>What the library asks you to do</h3>}
      {isStored && <Actions pending={[...(node?.actions ?? [])]} done={moment.done.get(id) ?? []} />}
    </section>
  );
}

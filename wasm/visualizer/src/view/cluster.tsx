import { signal } from "@preact/signals";
import { ClusterConfig } from "raftbare/simulator";
import { formatConfig, MOST_NODES } from "../engine/acts.js";
import { membership, presentConfig } from "../model/majorities.js";
import { presentLeader } from "../model/log.js";
import { act, beginCalm, isPlaying, message, view } from "./store.js";

type Part = "voter" | "non-voter" | "none";
/** What the operator wants a node to be; where nothing is chosen, it stays. */
const wanted = signal<ReadonlyMap<number, Part>>(new Map());

function now(id: number, config: ClusterConfig | undefined): Part {
  const is = membership(config, BigInt(id));
  return is === "voter" || is === "leaving" ? "voter" : is === "non-voter" ? "non-voter" : "none";
}

/** Proposes to get from here to there: by joint consensus if voters change. */
function change(config: ClusterConfig): void {
  const { ids, servers } = view.value;
  const leader = presentLeader(servers);
  if (leader === undefined) return void (message.value = "Nobody leads now, so nothing can be changed.");
  const parts = new Map(ids.map((id) => [id, wanted.value.get(id) ?? now(id, config)]));
  const of = (part: Part): bigint[] => ids.filter((id) => parts.get(id) === part).map(BigInt);
  const voters = of("voter");
  if (voters.length === 0) return void (message.value = "A cluster needs a voter.");
  const old = [...config.voters];
  const isSame = old.length === voters.length && old.every((id) => voters.includes(id));
  const newVoters = isSame ? [] : voters;
  const nonVoters = of("non-voter").filter((id) => !old.includes(id));
  act([`config ${leader.id} ${formatConfig({ voters: old, newVoters, nonVoters })}`]);
  wanted.value = new Map();
}

export function ClusterPanel() {
  const { ids, servers } = view.value;
  const config = presentConfig(servers);
  const choose = (id: number, part: string): void => {
    wanted.value = new Map([...wanted.value, [id, part as Part]]);
  };
  const spare = Array.from({ length: MOST_NODES }, (_, at) => at + 1).find((id) => !ids.includes(id));
  return (
    <section class="card cluster" aria-label="Members">
      <h2>
        Members <small>{config && formatConfig(config)}</small>
      </h2>
      <p>
        {config?.isJointConsensus
          ? "Joint consensus: whatever is decided now needs both majorities (§6)."
          : "A change of voters goes through joint consensus (§6): for a while both majorities are needed."}
      </p>
      <div class="members">
        {ids.map((id) => (
          <label key={id}>
            {id}{" "}
            <select
              value={wanted.value.get(id) ?? now(id, config)}
              onChange={(event) => choose(id, event.currentTarget.value)}
            >
              <option value="voter">voter</option>
              <option value="non-voter">non-voter</option>
              <option value="none">no member</option>
            </select>
          </label>
        ))}
      </div>
      <div class="row">
        <button
          type="button"
          class="main"
          disabled={!config || config.isJointConsensus}
          onClick={() => config && change(config)}
        >
          Propose the change
        </button>
        <button type="button" disabled={spare === undefined} onClick={() => act([`start ${spare}`])}>
          Add a node
        </button>
      </div>
      <div class="row">
        <label>
          New cluster of{" "}
          <select
            value=""
            onChange={(event) => {
              beginCalm(Number(event.currentTarget.value));
              isPlaying.value = true;
            }}
          >
            <option value="">…</option>
            {Array.from({ length: MOST_NODES }, (_, at) => (
              <option key={at} value={String(at + 1)}>
                {at + 1} {at === 0 ? "node" : "nodes"}
              </option>
            ))}
          </select>
        </label>
      </div>
    </section>
  );
}

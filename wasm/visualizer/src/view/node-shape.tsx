import type { ClusterConfig, ServerState } from "raftbare/simulator";
import type { Ballot, Timer } from "../engine/moment.js";
import type { Membership } from "../model/majorities.js";
import { roleName } from "../model/words.js";
import { arc, polygon, termColour, type Place } from "../model/ring.js";

interface Props {
  readonly server: ServerState;
  readonly place: Place;
  readonly radius: number;
  readonly timer: Timer | undefined;
  readonly ballot: Ballot | undefined;
  readonly membership: Membership;
  readonly config: ClusterConfig | undefined;
  /** What its disk does, with asynchronous storage. */
  readonly disk: DiskLook | undefined;
  /** Whether the leader refuses it. */
  readonly isRefused: boolean;
  readonly now: number;
  readonly isSelected: boolean;
  /** Whether the caption of a lesson is about it. */
  readonly isInCaption: boolean;
  readonly onSelect: () => void;
}

/** Follower: circle; candidate: hexagon; leader: double circle. */
function Body({ role, place, radius }: { role: string; place: Place; radius: number }) {
  if (role === "candidate") return <polygon class="body" points={polygon(place, radius + 3, 6)} />;
  return (
    <>
      <circle class="body" cx={place.x} cy={place.y} r={radius} />
      {role === "leader" && <circle class="inner" cx={place.x} cy={place.y} r={radius - 6} />}
    </>
  );
}

/** One mark for each voter: full if its vote has come. */
function Votes({ ballot, voters, place, radius }: { ballot: Ballot; voters: number[]; place: Place; radius: number }) {
  const gap = 14;
  const start = place.x - (gap * (voters.length - 1)) / 2;
  return (
    <g class="votes">
      {voters.map((voter, at) => (
        <circle
          key={voter}
          class={ballot.from.includes(voter) ? "full" : ""}
          cx={start + gap * at}
          cy={place.y + radius + 36}
          r={5}
        />
      ))}
    </g>
  );
}

export interface DiskLook {
  readonly writes: number;
  readonly isStuck: boolean;
}

/** A drum with the number of writes on their way; dashed, with a cross above it, if it is stuck. */
function DiskMark({ disk, id, place, radius }: { disk: DiskLook; id: bigint; place: Place; radius: number }) {
  const { writes, isStuck } = disk;
  const [x, y] = [place.x - radius - 24, place.y - radius - 10];
  const classes = ["drum", writes > 0 ? "busy" : "", isStuck ? "stuck" : ""].join(" ");
  const says = writes === 1 ? "a write is on its way" : `${writes || "no"} writes are on their way`;
  return (
    <g class={classes}>
      <title>{`To the disk of ${id} ${says}${isStuck ? "; it is stuck" : ""}`}</title>
      <path d={`M ${x} ${y + 4} v 14 a 13 4 0 0 0 26 0 v -14`} />
      <ellipse cx={x + 13} cy={y + 4} rx={13} ry={4} />
      <text x={x + 13} y={y + 19} text-anchor="middle">
        {writes}
      </text>
      {isStuck && (
        <text class="cross" x={x + 13} y={y - 5} text-anchor="middle">
          ✕
        </text>
      )}
    </g>
  );
}

export function NodeShape(props: Props) {
  const { server, place, radius, timer, ballot, now, membership, isSelected, onSelect } = props;
  const { node } = server;
  const role = node?.role ?? "down";
  const classes = ["node", role, `term-${termColour(node?.currentTerm ?? server.disk.currentTerm)}`, membership];
  if (node?.isPreCandidate) classes.push("pre-candidate");
  if (isSelected) classes.push("selected");
  if (props.isInCaption) classes.push("in-caption");
  const share = timer === undefined ? 0 : Math.min(1, (now - timer.setAt) / (timer.firesAt - timer.setAt));
  const isCandidate = node?.role === "candidate" && ballot?.term === node.currentTerm + (node.isPreCandidate ? 1n : 0n);
  const voters = [...new Set([...(props.config?.voters ?? []), ...(props.config?.newVoters ?? [])])].map(Number);
  const name = roleName(node);
  const label =
    membership === "voter" ? name : membership === "stranger" ? `${name}, no member` : `${name}, ${membership}`;
  const shown = props.isRefused ? `${label}, refused` : label;
  const vote = node?.votedFor;
  return (
    <g class={classes.join(" ")} onClick={onSelect}>
      <title>{`Node ${server.id}`}</title>
      {isSelected && <circle class="halo" cx={place.x} cy={place.y} r={radius + 17} />}
      {node !== undefined && <circle class="track" cx={place.x} cy={place.y} r={radius + 9} />}
      {timer !== undefined && <path class="timer" d={arc(place, radius + 9, 1 - share)} />}
      <Body role={role} place={place} radius={radius} />
      <text class="id" x={place.x} y={place.y + 4} text-anchor="middle">
        {String(server.id)}
      </text>
      <text class="term" x={place.x} y={place.y + 22} text-anchor="middle">
        t{String(node?.currentTerm ?? server.disk.currentTerm)}
      </text>
      <text class="role" x={place.x} y={place.y + radius + 27} text-anchor="middle">
        {role === "leader" ? `★ ${label}` : shown}
      </text>
      {isCandidate && <Votes ballot={ballot} voters={voters} place={place} radius={radius} />}
      {props.disk && <DiskMark disk={props.disk} id={server.id} place={place} radius={radius} />}
      {vote !== undefined && (
        <g class="vote">
          <title>{`${server.id} has voted for ${vote} in this term`}</title>
          <rect x={place.x + radius - 8} y={place.y - radius - 10} width={34} height={19} rx={9} />
          <text x={place.x + radius + 9} y={place.y - radius + 4} text-anchor="middle">
            ✓{String(vote)}
          </text>
        </g>
      )}
    </g>
  );
}

import { nodePlace, nodeRadius, onTheWay, RADIUS, SIZE, type Place } from "../model/ring.js";
import { membership, presentConfig } from "../model/majorities.js";
import { refusedBy } from "../model/storage.js";
import { roleName } from "../model/words.js";
import { FlightMark } from "./flight-mark.js";
import { type DiskLook, NodeShape } from "./node-shape.js";
import { step } from "./lesson-state.js";
import { progress } from "../engine/flight.js";
import { pointedEnds, pointing } from "./pointing.js";
import { inspect, selectedFlight, selectedNode, timeline, view } from "./store.js";

/** A link that is cut: dashed, with a cross nearer to who is not heard. */
function CutLink({ from, to, radius }: { from: Place; to: Place; radius: number }) {
  const [start, end] = [onTheWay(from, to, 0.04, radius), onTheWay(from, to, 0.96, radius)];
  const cross = onTheWay(from, to, 0.3, radius);
  return (
    <g class="cut">
      <line x1={start.x} y1={start.y} x2={end.x} y2={end.y} />
      <text x={cross.x} y={cross.y + 5} text-anchor="middle">
        ✕
      </text>
    </g>
  );
}

/** What is pointed at in the space-time diagram, or here. */
function PointedAt({ places, radius }: { places: ReadonlyMap<number, Place>; radius: number }) {
  const ends = pointedEnds();
  const to = ends && places.get(ends.to);
  const from = ends?.from === undefined ? undefined : places.get(ends.from);
  if (to === undefined) return null;
  if (from === undefined) return <circle class="pointed-at" cx={to.x} cy={to.y} r={radius + 13} />;
  const [start, end] = [onTheWay(from, to, 0, radius + 8), onTheWay(from, to, 1, radius + 8)];
  return <line class="pointed-at" x1={start.x} y1={start.y} x2={end.x} y2={end.y} />;
}

/** The disk of a node, where there is something to be seen of it. */
function diskLook(id: number): DiskLook | undefined {
  const { outline, stuck } = view.value.moment;
  const node = outline.get(id);
  const isStuck = stuck.has(id);
  return node?.isAsynchronous || isStuck ? { writes: node?.waitingWrites ?? 0, isStuck } : undefined;
}

function description(): string {
  const { servers, moment } = view.value;
  const parts = servers.map(({ id, node, writes }) => {
    if (node === undefined) return `${id} is down`;
    const stuck = moment.stuck.has(Number(id)) ? ", its disk stuck" : "";
    const onTheWay = writes.length === 0 ? "" : `, ${writes.length} on the way to its disk`;
    return `${id} is ${roleName(node)} in term ${node.currentTerm}${onTheWay}${stuck}`;
  });
  return `The nodes on a ring: ${parts.join("; ")}.`;
}

export function Ring() {
  const { moment, servers, ids, now } = view.value;
  const places = new Map(ids.map((id, at) => [id, nodePlace(at, ids.length)]));
  const radius = nodeRadius(ids.length);
  const config = presentConfig(servers);
  const links = ids.flatMap((from) => ids.map((to) => [from, to] as const)).filter(([from, to]) => from !== to);
  return (
    <svg class="ring" viewBox={`0 18 ${SIZE} ${SIZE - 36}`} role="img" aria-label={description()} {...pointing}>
      {ids.length > 2 && <circle class="orbit" cx={SIZE / 2} cy={SIZE / 2} r={RADIUS} />}
      {links.map(
        ([from, to]) =>
          timeline.value.isCut(from, to) && (
            <CutLink key={`${from}-${to}`} from={places.get(from)!} to={places.get(to)!} radius={radius} />
          ),
      )}
      {servers.map((server) => {
        const id = Number(server.id);
        return (
          <NodeShape
            key={id}
            server={server}
            place={places.get(id)!}
            radius={radius}
            timer={moment.timers.get(id)}
            ballot={moment.ballots.get(id)}
            membership={membership(config, server.id)}
            config={config}
            disk={diskLook(id)}
            isRefused={refusedBy(servers, server.id) !== undefined}
            now={now}
            isSelected={selectedNode.value === id}
            isInCaption={step.value?.nodes?.includes(id) ?? false}
            onSelect={() => (selectedNode.value = id)}
          />
        );
      })}
      <PointedAt places={places} radius={radius} />
      {[...moment.flights.values()].map((flight) => {
        const [from, to] = [places.get(flight.from), places.get(flight.to)];
        return (
          from &&
          to && (
            <FlightMark
              key={flight.number}
              flight={flight}
              place={onTheWay(
                from,
                to,
                flight.isHeld ? Math.min(0.9, progress(flight, now)) : progress(flight, now),
                radius + 8,
              )}
              isSelected={selectedFlight.value === flight.number}
              onSelect={() => inspect(flight.number)}
            />
          )
        );
      })}
    </svg>
  );
}

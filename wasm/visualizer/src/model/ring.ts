/** A place in the picture. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

export const SIZE = 600;
const CENTRE = SIZE / 2;
export const RADIUS = 215;

/** How large a node is drawn. */
export function nodeRadius(count: number): number {
  return count <= 5 ? 42 : count <= 7 ? 37 : 32;
}

/** Where a node stands: on a ring, the first on top, clockwise. */
export function nodePlace(at: number, count: number): Place {
  if (count === 1) return { x: CENTRE, y: CENTRE };
  const angle = (2 * Math.PI * at) / count - Math.PI / 2;
  const radius = count === 2 ? 160 : RADIUS;
  return { x: CENTRE + radius * Math.cos(angle), y: CENTRE + radius * Math.sin(angle) };
}

/** A place between two nodes, a little to the right of the way, so that what goes and what comes do not collide. */
export function onTheWay(from: Place, to: Place, share: number, radius: number): Place {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy) || 1;
  const [ux, uy] = [dx / length, dy / length];
  const along = radius + share * (length - 2 * radius);
  const aside = 9;
  return { x: from.x + ux * along - uy * aside, y: from.y + uy * along + ux * aside };
}

/** The path of an arc from the top, clockwise, over this share of the circle. */
export function arc({ x, y }: Place, radius: number, share: number): string {
  if (share <= 0) return "";
  const whole = Math.min(share, 0.9999);
  const angle = 2 * Math.PI * whole - Math.PI / 2;
  const [endX, endY] = [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  return `M ${x} ${y - radius} A ${radius} ${radius} 0 ${whole > 0.5 ? 1 : 0} 1 ${round(endX)} ${round(endY)}`;
}

/** The corners of a regular polygon. */
export function polygon({ x, y }: Place, radius: number, corners: number): string {
  return Array.from({ length: corners }, (_, at) => {
    const angle = (2 * Math.PI * at) / corners - Math.PI / 2;
    return `${round(x + radius * Math.cos(angle))},${round(y + radius * Math.sin(angle))}`;
  }).join(" ");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** Which of eight colours a term has. */
export function termColour(term: bigint | number): number {
  return Number(BigInt(term) % 8n);
}

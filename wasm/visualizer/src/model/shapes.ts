/** The colours of the page, by the names of its style sheet. */
export type Colour =
  "card" | "ink" | "faint" | "line" | "soft" | "accent" | "bad" | "good" | "warn" | "on-term" | `t${number}`;

/** What the pens can do: a picture on the screen and a picture in a file are made of the same. */
export type Shape = Line | Area | Text;

export type Point = readonly [x: number, y: number];

/** How a line is drawn. */
export interface Pen {
  readonly stroke: Colour;
  readonly width: number;
  readonly dash?: readonly number[];
}

interface Line extends Pen {
  readonly type: "line";
  readonly points: readonly Point[];
}

interface Area {
  readonly type: "area";
  readonly points: readonly Point[];
  readonly fill: Colour;
  readonly stroke?: Colour;
  readonly width?: number;
  readonly opacity?: number;
}

interface Text {
  readonly type: "text";
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly size: number;
  readonly fill: Colour;
  readonly anchor: "start" | "middle" | "end";
  readonly isBold?: boolean;
  /** Stands out from what is below it. */
  readonly hasHalo?: boolean;
}

export function line(x1: number, y1: number, x2: number, y2: number, pen: Pen): Line {
  const from: Point = [x1, y1];
  return { type: "line", points: [from, [x2, y2]], ...pen };
}

export function area(points: readonly Point[], fill: Colour, stroke?: Colour, width = 1): Area {
  return { type: "area", points, fill, ...(stroke && { stroke, width }) };
}

/** Small letters at a place. */
export function label(
  x: number,
  y: number,
  text: string,
  fill: Colour,
  more: Partial<Pick<Text, "anchor" | "isBold" | "hasHalo" | "size">> = {},
): Text {
  return { type: "text", x, y, text, size: 11, fill, anchor: "start", ...more };
}

/** The corners of a rectangle. */
export function box(x1: number, y1: number, x2: number, y2: number): Point[] {
  const at = (x: number, y: number): Point => [x, y];
  return [at(x1, y1), at(x2, y1), at(x2, y2), at(x1, y2)];
}

/** The corners of a regular polygon; with many of them it is a circle. */
export function corners(x: number, y: number, radius: number, count: number): Point[] {
  return Array.from({ length: count }, (_, at) => {
    const angle = (2 * Math.PI * at) / count - Math.PI / 2;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
}

/** The same further down. */
export function lowered(shape: Shape, by: number): Shape {
  if (shape.type === "text") return { ...shape, y: shape.y + by };
  return { ...shape, points: shape.points.map(([x, y]): Point => [x, y + by]) };
}

/** A picture as a file that needs nothing else. */
export function svgText(
  shapes: readonly Shape[],
  width: number,
  height: number,
  title: string,
  hex: (colour: Colour) => string,
): string {
  const frame = `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${frame} font-family="system-ui, 'DejaVu Sans', sans-serif">`,
    `<title>${escapeXml(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="${hex("card")}"/>`,
    ...shapes.map((shape) => element(shape, hex)),
    "</svg>\n",
  ].join("\n");
}

function element(shape: Shape, hex: (colour: Colour) => string): string {
  switch (shape.type) {
    case "line": {
      const { points, stroke, width, dash } = shape;
      const pen = { fill: "none", stroke: hex(stroke), "stroke-width": width, "stroke-dasharray": dash?.join(" ") };
      return `<polyline${attributes({ points: pointsText(points), ...pen })}/>`;
    }
    case "area": {
      const { points, fill, stroke, width, opacity } = shape;
      const pen = stroke && { stroke: hex(stroke), "stroke-width": width };
      return `<polygon${attributes({ points: pointsText(points), fill: hex(fill), ...pen, opacity })}/>`;
    }
    case "text": {
      const { x, y, size, fill, anchor, isBold, hasHalo, text } = shape;
      const look = {
        "font-size": size,
        fill: hex(fill),
        "text-anchor": anchor,
        "font-weight": isBold ? 650 : undefined,
      };
      const halo = hasHalo && { stroke: hex("card"), "stroke-width": 3, "paint-order": "stroke" };
      return `<text${attributes({ x: round(x), y: round(y), ...look, ...halo })}>${escapeXml(text)}</text>`;
    }
  }
}

function attributes(values: Readonly<Record<string, string | number | undefined>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return given.map(([name, value]) => ` ${name}="${value}"`).join("");
}

export function pointsText(points: readonly Point[]): string {
  return points.map(([x, y]) => `${round(x)},${round(y)}`).join(" ");
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

import { useLayoutEffect, useRef } from "preact/hooks";
import { type Colour, type Shape, pointsText } from "../model/shapes.js";

/** A colour of the style sheet as it is now. */
export function colours(): (colour: Colour) => string {
  const style = getComputedStyle(document.documentElement);
  const known = new Map<Colour, string>();
  return (colour) => {
    const value = known.get(colour) ?? style.getPropertyValue(`--${colour}`).trim();
    known.set(colour, value);
    return value;
  };
}

function Drawn({ shape }: { shape: Shape }) {
  switch (shape.type) {
    case "line":
      return (
        <polyline
          points={pointsText(shape.points)}
          fill="none"
          stroke={`var(--${shape.stroke})`}
          stroke-width={shape.width}
          stroke-dasharray={shape.dash?.join(" ")}
        />
      );
    case "area":
      return (
        <polygon
          points={pointsText(shape.points)}
          fill={`var(--${shape.fill})`}
          stroke={shape.stroke && `var(--${shape.stroke})`}
          stroke-width={shape.width ?? 1}
          opacity={shape.opacity}
        />
      );
    case "text":
      return (
        <text
          x={shape.x}
          y={shape.y}
          font-size={shape.size}
          fill={`var(--${shape.fill})`}
          text-anchor={shape.anchor}
          font-weight={shape.isBold ? 650 : 400}
          stroke={shape.hasHalo ? "var(--card)" : undefined}
          stroke-width={shape.hasHalo ? 3 : undefined}
          paint-order="stroke"
        >
          {shape.text}
        </text>
      );
  }
}

interface Picture {
  readonly shapes: readonly Shape[];
  readonly width: number;
  readonly height: number;
}

/** Few shapes, as elements. */
export function SvgPlot({ shapes, width, height }: Picture) {
  return (
    <svg class="plot" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {shapes.map((shape, at) => (
        <Drawn key={at} shape={shape} />
      ))}
    </svg>
  );
}

/** Many shapes, as pixels. */
export function CanvasPlot({ shapes, width, height }: Picture) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (!context) return;
    const ratio = devicePixelRatio || 1;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const hex = colours();
    for (const shape of shapes) paint(context, shape, hex);
  });
  const ratio = devicePixelRatio || 1;
  return (
    <canvas
      ref={canvas}
      class="plot"
      width={Math.round(width * ratio)}
      height={Math.round(height * ratio)}
      aria-hidden="true"
    />
  );
}

function paint(context: CanvasRenderingContext2D, shape: Shape, hex: (colour: Colour) => string): void {
  if (shape.type === "text") {
    context.font = `${shape.isBold ? 650 : 400} ${shape.size}px system-ui, sans-serif`;
    context.fillStyle = hex(shape.fill);
    context.textAlign = shape.anchor === "middle" ? "center" : shape.anchor;
    if (shape.hasHalo) {
      context.setLineDash([]);
      context.strokeStyle = hex("card");
      context.lineWidth = 3;
      context.strokeText(shape.text, shape.x, shape.y);
    }
    context.fillText(shape.text, shape.x, shape.y);
    return;
  }
  context.beginPath();
  for (const [x, y] of shape.points) context.lineTo(x, y);
  if (shape.type === "area") {
    context.closePath();
    context.globalAlpha = shape.opacity ?? 1;
    context.fillStyle = hex(shape.fill);
    context.fill();
    context.globalAlpha = 1;
  }
  if (shape.stroke === undefined) return;
  context.setLineDash(shape.type === "line" ? [...(shape.dash ?? [])] : []);
  context.strokeStyle = hex(shape.stroke);
  context.lineWidth = shape.width ?? 1;
  context.stroke();
}

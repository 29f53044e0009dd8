/** Gives a file to whoever looks at the page. */
export function download(name: string, text: string, type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

const STYLES = [
  "fill",
  "stroke",
  "stroke-width",
  "stroke-dasharray",
  "stroke-linecap",
  "opacity",
  "font-size",
  "font-weight",
  "font-family",
  "paint-order",
] as const;

const MARGIN = 10;

/** A drawing of the page as a file that needs no style sheet. */
export function svgFile(drawn: SVGSVGElement, background: string): string {
  const copy = drawn.cloneNode(true) as SVGSVGElement;
  const [originals, copies] = [drawn, copy].map((one) => [one, ...one.querySelectorAll<SVGElement>("*")]);
  copies!.forEach((element, at) => {
    const style = getComputedStyle(originals![at]!);
    for (const name of STYLES) element.setAttribute(name, style.getPropertyValue(name));
    element.removeAttribute("class");
  });
  // On the page some of it stands outside of its frame.
  const box = drawn.getBBox();
  const [x, y] = [Math.floor(box.x) - MARGIN, Math.floor(box.y) - MARGIN];
  const [width, height] = [Math.ceil(box.width) + 2 * MARGIN, Math.ceil(box.height) + 2 * MARGIN];
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [name, value] of Object.entries({ x, y, width, height, fill: background })) {
    paper.setAttribute(name, String(value));
  }
  copy.prepend(paper);
  copy.setAttribute("viewBox", `${x} ${y} ${width} ${height}`);
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  return `${new XMLSerializer().serializeToString(copy)}\n`;
}

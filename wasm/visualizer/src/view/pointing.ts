import { focusedRow, isPlaying, move, selectedFlight, view } from "./store.js";

/** The row of a message that is in flight, whose text is `2 < 1 t1 #1 …`. */
function rowOfFlight({ to, text }: { readonly to: number; readonly text: string }): number | undefined {
  const { trace, lines } = view.value;
  return trace.underWay(to, text.slice(text.indexOf("<") + 2), lines);
}

/** The first row of a line, if it has any. */
function rowOfLine(line: number): number | undefined {
  const { trace } = view.value;
  const row = trace.countOfLines(line);
  return row < trace.length && trace.line(row) === line ? row : undefined;
}

/** What an element stands for: it or one around it has the number of a flight, or of a line. */
function rowOfElement(target: EventTarget | null): number | undefined {
  const { flight, line } = (target as Element).closest<HTMLElement>("[data-flight], [data-line]")?.dataset ?? {};
  const found = flight === undefined ? undefined : view.value.moment.flights.get(Number(flight));
  if (found !== undefined) return rowOfFlight(found);
  return line === undefined ? undefined : rowOfLine(Number(line));
}

function on(event: Event): void {
  focusedRow.value = rowOfElement(event.target);
}

function off(): void {
  focusedRow.value = undefined;
}

/** For what is around such elements: they are pointed at by the pointer, or by the focus of the keyboard. */
export const pointing = { onPointerOver: on, onPointerLeave: off, onFocusIn: on, onFocusOut: off };

/** The nodes that what is pointed at has to do with: two if it is a message whose sender is known. */
export function pointedEnds(): { readonly from: number | undefined; readonly to: number } | undefined {
  const row = focusedRow.value;
  const { trace } = view.value;
  if (row === undefined || row >= trace.length) return undefined;
  const kind = trace.kind(row);
  const send = kind === "send" ? row : kind === "receive" || kind === "drop" ? trace.pair(row) : undefined;
  if (send === undefined) return { from: undefined, to: trace.node(row) };
  return { from: trace.node(send), to: trace.to(send)! };
}

/** Shows the moment of a row; a message that is on its way then is chosen. */
export function goToRow(row: number): void {
  isPlaying.value = false;
  const line = view.value.trace.line(row);
  move((timeline) => timeline.seek(line + 1));
  const flights = [...view.value.moment.flights.values()];
  selectedFlight.value = flights.find((flight) => rowOfFlight(flight) === row)?.number;
}

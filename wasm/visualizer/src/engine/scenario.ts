import { isComment, parseDirective, timeLine } from "./directive.js";
import { History } from "./history.js";
import { Run } from "./run.js";

/** Between two lines of a scenario that says no times. */
const PACE = 20_000;

const HEAD = "# A scenario of the visualizer. Lines with #: are for the page alone.";

/** A run up to a place as a text of `tests/scenarios`: `cargo test` plays it as this page does. */
export function scenarioText(history: History, length = history.length): string {
  const text = [HEAD];
  let time = 0;
  for (let index = 0; index < length; index += 1) {
    const at = history.at(index);
    if (at !== time) text.push(timeLine(at));
    time = at;
    text.push(history.line(index));
  }
  return `${text.join("\n")}\n`;
}

/** The lines of a text with their times. What only tells what has happened is not read. */
export function readScenario(text: string): { readonly line: string; readonly at: number }[] {
  const lines: { line: string; at: number }[] = [];
  const hasTimes = /^#: at /m.test(text);
  let at = 0;
  for (const raw of text.split("\n")) {
    const line = raw.trimEnd();
    if (line.startsWith("  ") || isComment(line)) continue;
    const directive = parseDirective(line);
    if (directive?.name === "at") {
      const time = directive.numbers[0];
      if (time === undefined || !Number.isSafeInteger(time) || time < at) throw new SyntaxError(`no time: "${line}"`);
      at = time;
      continue;
    }
    lines.push({ line, at });
    if (!hasTimes) at += PACE;
  }
  return lines;
}

/** Plays a text. Throws a `SyntaxError` if it is none. */
export function playScenario(text: string): Run {
  const run = new Run();
  try {
    for (const { line, at } of readScenario(text)) run.act([line], at);
  } catch (error) {
    run.free();
    throw error;
  }
  return run;
}

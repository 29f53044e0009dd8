/**
 * Lines that begin with `#:` are comments to the text format, and tell the page what the format has no word for: the
 * time, the dials, and when a message that was put off arrives.
 */
export interface Directive {
  readonly name: string;
  readonly words: readonly string[];
  readonly numbers: readonly number[];
}

export function parseDirective(line: string): Directive | undefined {
  if (!line.startsWith("#:")) return undefined;
  const [name = "", ...words] = line.slice(2).trim().split(/ +/);
  return { name, words, numbers: words.map(Number) };
}

export function isComment(line: string): boolean {
  return line === "" || (line.startsWith("#") && !line.startsWith("#:"));
}

export function timeLine(at: number): string {
  return `#: at ${at}`;
}

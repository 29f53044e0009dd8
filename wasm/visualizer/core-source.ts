import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import type { Excerpt } from "./src/lessons/lesson.js";

const PREFIX = "core:";

/**
 * Makes the functions of the core modules: `import vote from "core:node/follower.rs/handle_request_vote_call"`. What
 * the page shows is what was compiled; a function that is not there any more ends the build.
 */
export function coreSource(): Plugin {
  const folder = join(process.env.RAFTBARE_ROOT ?? "../..", "core/src");
  return {
    name: "core-source",
    resolveId: (id) => (id.startsWith(PREFIX) ? `\0${id}` : undefined),
    load(id) {
      if (!id.startsWith(`\0${PREFIX}`)) return undefined;
      const path = id.slice(PREFIX.length + 1);
      const [file, name] = [path.slice(0, path.lastIndexOf("/")), path.slice(path.lastIndexOf("/") + 1)];
      const source = join(folder, file);
      this.addWatchFile(source);
      const excerpt = excerptOf(readFileSync(source, "utf8"), name, `core/src/${file}`);
      return `export default ${JSON.stringify(excerpt)}`;
    },
  };
}

/** The function of this name with its comment, as rustfmt has laid it out. Throws unless there is exactly one. */
export function excerptOf(source: string, name: string, file: string): Excerpt {
  const lines = source.split("\n");
  const head = new RegExp(`^ *(pub(\\([a-z]+\\))? )?(const )?fn ${name}[(<]`);
  const places = lines.flatMap((line, at) => (head.test(line) ? [at] : []));
  const [place] = places;
  if (place === undefined || places.length > 1) throw new Error(`${file} has ${places.length} functions ${name}`);
  const indent = /^ */.exec(lines[place]!)![0];
  let start = place;
  while (start > 0 && lines[start - 1]!.startsWith(indent) && /^ *(\/\/\/|#\[)/.test(lines[start - 1]!)) start -= 1;
  const end = lines.indexOf(`${indent}}`, place);
  if (end < 0) throw new Error(`${file}: ${name} has no end`);
  const all = lines
    .slice(start, end + 1)
    .map((text, at) => ({ number: start + at + 1, text: text.slice(indent.length) }));
  return { file, name, lines: withoutExamples(all) };
}

/** The examples in the documentation are not what decides. */
function withoutExamples(lines: Excerpt["lines"]): Excerpt["lines"] {
  let isExample = false;
  const kept = lines.filter(({ text }) => {
    const isFence = text.startsWith("/// ```");
    const isDropped = isExample || isFence;
    if (isFence) isExample = !isExample;
    return !isDropped;
  });
  return kept.filter(({ text }, at) => text !== "///" || kept[at + 1]?.text.startsWith("///"));
}

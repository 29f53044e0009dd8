import type { Code } from "../lessons/lesson.js";

/** The function of the core that decides, as it was compiled. */
export function CodePanel({ code }: { code: Code }) {
  const { file, name, lines } = code.excerpt;
  const matters = (text: string): boolean => code.lines.some((part) => text.includes(part));
  return (
    <details class="code">
      <summary>
        The code: <code>{name}</code>
      </summary>
      <p class="faint">
        {file}, from line {lines[0]!.number}: the very function that runs in this page.
      </p>
      <pre tabIndex={0} role="region" aria-label={`The function ${name}`}>
        {lines.map(({ number, text }) => (
          <span key={number} class={matters(text) ? "line matters" : /^ *\/\//.test(text) ? "line comment" : "line"}>
            {matters(text) ? <mark>{text}</mark> : text}
            {"\n"}
          </span>
        ))}
      </pre>
    </details>
  );
}

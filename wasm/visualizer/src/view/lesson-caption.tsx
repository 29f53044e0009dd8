import { GLOSSARY } from "../lessons/glossary.js";

/** A word with its meaning, which a press on it shows. */
function Term({ shown, word, id }: { shown: string; word: string; id: string }) {
  return (
    <>
      <button type="button" class="term" popovertarget={id} title="What is that?">
        {shown}
      </button>
      <span id={id} popover="auto" class="meaning">
        <b>{word}</b>: {GLOSSARY[word]}
      </span>
    </>
  );
}

/** A text in which `[[term]]` and `[[shown|term]]` are explained. */
export function Caption({ text }: { text: string }) {
  const parts = text.split(/\[\[(.*?)\]\]/);
  return (
    <>
      {parts.map((part, at) => {
        if (at % 2 === 0) return part;
        const [shown = part, word = shown] = part.split("|");
        return <Term key={`${at} ${word}`} shown={shown} word={word} id={`meaning-${at}`} />;
      })}
    </>
  );
}

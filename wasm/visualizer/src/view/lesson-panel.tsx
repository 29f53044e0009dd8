import type { Exercise, Lesson, Part, Step } from "../lessons/lesson.js";
import { Caption } from "./lesson-caption.js";
import { CodePanel } from "./lesson-code.js";
import { LessonList } from "./lesson-list.js";
import * as state from "./lesson-state.js";
import { recording } from "./store.js";

const NAMES: Readonly<Record<Part, string>> = {
  logs: "logs",
  majorities: "majorities",
  requests: "client requests",
  flights: "messages in flight",
  "node-panel": "selected node",
  network: "network",
  cluster: "members",
  options: "options",
};

function showPart(part: Part): void {
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const found = document.querySelector(`main .${part}`);
  found?.scrollIntoView({ behavior: isCalm ? "auto" : "smooth", block: "start" });
}

function Buttons({ step }: { step: Step }) {
  const { part, plot } = step;
  const isStill = !state.isExercise.value && (plot === undefined || state.place.value === 0);
  return (
    <div class="row">
      <button type="button" onClick={state.back} disabled={state.place.value === 0} title="b">
        Back
      </button>
      <button type="button" onClick={state.again} disabled={isStill}>
        {state.isExercise.value ? "Start over" : "Again"}
      </button>
      {!state.isExercise.value && (
        <button type="button" class="main" onClick={state.next} title="n">
          Next
        </button>
      )}
      {part && (
        <button type="button" class="quiet" onClick={() => showPart(part)}>
          Show the {NAMES[part]}
        </button>
      )}
    </div>
  );
}

/** What is to be tried, and whether it is done. */
function Try({ exercise }: { exercise: Exercise }) {
  const following = state.nextLesson();
  if (!state.isDone.value) {
    return (
      <details class="hint">
        <summary>How?</summary>
        <p>{exercise.hint}</p>
      </details>
    );
  }
  return (
    <div class="done">
      <p>
        <b>✓ Done!</b> {exercise.done}
      </p>
      {following && (
        <button type="button" class="main" onClick={() => state.openLesson(following)}>
          Next lesson: {following.title}
        </button>
      )}
    </div>
  );
}

function Open({ lesson, step }: { lesson: Lesson; step: Step }) {
  const count = lesson.steps.length + 1;
  const at = state.place.value + 1;
  return (
    <section class="card lesson" aria-label="Lesson">
      <div class="head">
        <h2>
          {lesson.title} <small>{lesson.section}</small>
        </h2>
        <progress max={count} value={at} aria-label="Progress" />
        <small class="count">
          {at} of {count}
        </small>
        <button type="button" class="quiet" onClick={state.leaveLesson} aria-label="Leave the lesson">
          ×
        </button>
      </div>
      <div class="caption" aria-live="polite">
        <p key={at}>
          <Caption text={step.caption} />
        </p>
        {state.isExercise.value && <Try exercise={lesson.exercise} />}
      </div>
      <Buttons step={step} />
      {step.code && <CodePanel code={step.code} />}
    </section>
  );
}

/** The lesson that is open, and the list of all. */
export function LessonPanel() {
  const [lesson, step] = [state.lesson.value, state.step.value];
  return (
    <>
      {state.isListing.value && <LessonList />}
      {lesson && step && recording.value === undefined && <Open lesson={lesson} step={step} />}
    </>
  );
}

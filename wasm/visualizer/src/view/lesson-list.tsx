import { LESSONS } from "../lessons/index.js";
import { finished, lesson, openLesson } from "./lesson-state.js";

/** All lessons, and which of them are done. */
export function LessonList() {
  return (
    <nav class="card lessons" aria-label="Lessons">
      <h2>
        Learn Raft <small>a few minutes each; you need to know nothing before</small>
      </h2>
      <ol>
        {LESSONS.map((one, at) => (
          <li key={one.name}>
            <button
              type="button"
              aria-current={lesson.value === one ? "true" : undefined}
              onClick={() => openLesson(one)}
            >
              <b>
                {at + 1} {one.title}
              </b>{" "}
              <small>
                {one.section}
                {finished.value.has(one.name) && " ✓ done"}
              </small>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

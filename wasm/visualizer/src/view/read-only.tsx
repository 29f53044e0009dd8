import type { ComponentChildren } from "preact";
import { READ_ONLY, recording } from "./store.js";

/** What acts: nothing of it can be used while a recording is watched. */
export function Acts({ children }: { children: ComponentChildren }) {
  const isOff = recording.value !== undefined;
  return (
    <fieldset class="acts" disabled={isOff} title={isOff ? READ_ONLY : undefined}>
      {children}
    </fieldset>
  );
}

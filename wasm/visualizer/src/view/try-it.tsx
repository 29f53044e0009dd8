import { forgetVote, splitVote } from "../engine/demos.js";
import { act, beginCalm, isPlaying, speed, view } from "./store.js";

function split(): void {
  if (view.value.ids.length < 3 || view.value.isOver) beginCalm(5);
  act(splitVote);
  speed.value = 0.01;
  isPlaying.value = true;
}

function twoLeaders(): void {
  beginCalm(3);
  act(forgetVote);
}

/** For somebody who has never seen Raft: what to press first. */
export function TryIt() {
  return (
    <p class="try">
      <span>Try it:</span>
      <button type="button" onClick={split} title="Stops the leader and lets two nodes stand at once">
        Split the vote
      </button>
      <button type="button" onClick={twoLeaders} title="Makes a node forget its vote, until two lead one term">
        Two leaders
      </button>
      <button type="button" onClick={() => (beginCalm(5), (isPlaying.value = true))}>
        Calm cluster
      </button>
    </p>
  );
}

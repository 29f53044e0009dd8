import { presentLeader } from "../model/log.js";
import { crashAfter } from "../engine/acts.js";
import { act, message, moment, selectedNode, view } from "./store.js";

/** What the buttons and the keys do to the selected node. */
export function crashOrRestart(): void {
  const id = selectedNode.value;
  if (id === undefined) return;
  act(moment().outline.get(id) === undefined ? [`restart ${id}`] : crashAfter(id, 0));
}

export function fireTimer(): void {
  if (selectedNode.value !== undefined && isUp()) act([`timeout ${selectedNode.value}`]);
}

export function takeSnapshot(): void {
  if (selectedNode.value !== undefined && isUp()) act([`snapshot ${selectedNode.value}`]);
}

/** A client asks the selected node, which may refuse. */
export function propose(count = 1): void {
  if (selectedNode.value !== undefined && isUp()) act([`propose ${selectedNode.value} ${count}`]);
}

/** A client asks whoever leads. */
export function proposeToLeader(count = 1): void {
  const leader = presentLeader(view.value.servers);
  if (leader === undefined) message.value = "Nobody leads now: a client would have to wait.";
  else act([`propose ${leader.id} ${count}`]);
}

function isUp(): boolean {
  return moment().outline.get(selectedNode.value ?? 0) !== undefined;
}

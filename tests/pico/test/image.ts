import { readFileSync } from "node:fs";
import { Cluster } from "../src/cluster.js";
import { type Page, pages } from "../src/uf2.js";

/** The very file that a user drops on the drive of a board. */
export function image(): Page[] {
  const path = process.env["RAFTBARE_UF2"];
  if (path === undefined) throw new Error("RAFTBARE_UF2 is to name the firmware: `cargo xtask pico` sets it");
  return pages(readFileSync(path));
}

/** So many boards with new firmware, formatted, and a cluster of all of them. */
export function founded(count: number, seed: number): Cluster {
  const cluster = new Cluster(image(), count, seed);
  cluster.found();
  return cluster;
}

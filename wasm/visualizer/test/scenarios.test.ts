import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { playScenario } from "../src/engine/scenario.js";
import { look } from "../src/view/look.js";
import { logTable } from "../src/model/log.js";
import { questions } from "../src/model/majorities.js";

// Where the task has put the sources; else this is their place.
const folder = join(process.env.RAFTBARE_ROOT ?? "../..", "tests/scenarios");

describe("the scenarios of the Rust crate", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".txt"));

  test("are many", () => expect(files.length).toBeGreaterThan(40));

  test.each(files)("%s plays, can be shown everywhere, and goes on by itself", (name) => {
    const run = playScenario(readFileSync(join(folder, name), "utf8"));
    expect(run.moment.broken).toEqual([]);
    const { lines } = run.moment;
    for (let line = 0; line <= lines; line += Math.ceil(lines / 10)) {
      run.seek(line);
      const { servers, moment } = look(run);
      expect(logTable(servers, moment.next, 24).rows).toHaveLength(servers.length);
      questions(servers, moment.ballots);
    }
    run.seek(lines);
    run.runTo(run.moment.now + 1_000_000);
    expect(run.moment.broken).toEqual([]);
    run.free();
  });
});

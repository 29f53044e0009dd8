// The types, as a strict compiler sees them: with nodenext and with a bundler's resolution.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { here, run, snippets, typeRoots } from "./tools.mjs";

async function compile(resolution, files, options = {}) {
  const project = join(here, `types/tsconfig.${resolution}.json`);
  const compilerOptions = {
    strict: true, noEmit: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false,
    target: "es2022", lib: ["es2022"], types: [], moduleDetection: "force",
    module: resolution === "nodenext" ? "nodenext" : "esnext", moduleResolution: resolution, ...options,
  };
  writeFileSync(project, JSON.stringify({ compilerOptions, files }));
  return run("typescript", "tsc", "--project", project, "--pretty", "false");
}

for (const resolution of ["nodenext", "bundler"]) {
  test(`${resolution}: a program compiles in strict mode, with no library but the language's`, async () => {
    const { code, output } = await compile(resolution, ["use.ts"]);
    assert.equal(code, 0, output);
  });

  test(`${resolution}: a missing case does not compile`, async () => {
    const { code, output } = await compile(resolution, ["missing-case.ts"]);
    assert.notEqual(code, 0);
    assert.match(output, /'InstallSnapshot' is not assignable to parameter of type 'never'/);
  });

  test(`${resolution}: every mistake is seen`, async () => {
    const { output } = await compile(resolution, ["wrong.ts"]);
    const lines = [...output.matchAll(/wrong\.ts\((\d+),/g)].map(([, line]) => Number(line));
    const source = readFileSync(join(here, "types/wrong.ts"), "utf8").trimEnd().split("\n");
    assert.deepEqual([...new Set(lines)], source.map((_, at) => at + 1).slice(2), output);
  });
}

test("the snippets of the README are valid programs", async () => {
  const dom = { lib: ["es2023", "dom", "esnext.disposable"], types: ["node"], typeRoots: [typeRoots] };
  const files = snippets("js").map((code, at) => {
    // Strict types are not asked of JavaScript, but names and arguments are.
    writeFileSync(join(here, `types/snippet-${at}.mjs`), code);
    return `snippet-${at}.mjs`;
  });
  assert.ok(files.length >= 5);
  const options = { ...dom, allowJs: true, checkJs: true, strict: false, exactOptionalPropertyTypes: false };
  const { output } = await compile("nodenext", files, options);
  // What a snippet says in words, it does not declare.
  const allowed = /Cannot find name '(entries|database|encodeHardState|encodeEntries)'|globalThis|implicitly|'propose'/;
  const errors = output.split("\n").filter((line) => line.includes("error TS2304") && !allowed.test(line));
  assert.deepEqual(errors, []);
  assert.ok(!/error TS(2305|2339.*'typeof import|2551)/.test(output), output);
});

// The packed file: what is in it, that the tools find no fault, and how large the module is.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import test from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { here, installed, packed, run, tool } from "./tools.mjs";

/** The most bytes of the module with `Node`, compressed as servers do; depends on how the library was built. */
const MOST_GZIP = Number(process.env.RAFTBARE_MOST_GZIP);

const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
const files = readdirSync(installed, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name));

test("the package has all it needs, and depends on nothing", () => {
  for (const name of ["README.md", "LICENSE-MIT", "LICENSE-APACHE"]) assert.ok(existsSync(join(installed, name)), name);
  for (const kind of ["dependencies", "peerDependencies", "optionalDependencies", "devDependencies", "scripts"]) {
    assert.equal(manifest[kind], undefined, kind);
  }
  const targets = Object.values(manifest.exports).flatMap((target) =>
    typeof target === "string" ? [target] : Object.values(target));
  for (const target of [...targets, ...manifest.sideEffects]) assert.ok(existsSync(join(installed, target)), target);
  assert.deepEqual(files.filter((file) => file.endsWith(".wasm")).length, 3);
});

test("every source map leads to a source that is there", () => {
  const maps = files.filter((file) => file.endsWith(".map"));
  assert.ok(maps.length > 20);
  for (const map of maps) {
    for (const source of JSON.parse(readFileSync(map, "utf8")).sources) {
      assert.ok(existsSync(join(dirname(map), source)), `${map}: ${source}`);
    }
  }
});

test("no file tells where it was built", () => {
  for (const file of files) {
    const text = readFileSync(file, "latin1");
    const found = /\/(root|home|Users|work|tmp)\/[^\0]{0,60}|[^\0]{0,30}index\.crates/.exec(text);
    assert.equal(found?.[0], undefined, file);
  }
});

test("publint finds nothing", async () => {
  const { publint } = await tool("publint");
  const { formatMessage } = await tool("publint/utils");
  const { messages } = await publint({ pkgDir: installed, level: "suggestion", strict: true, pack: false });
  assert.deepEqual(messages.map((message) => formatMessage(message, manifest)), []);
});

test("attw finds nothing", async () => {
  const { code, output } = await run(
    "@arethetypeswrong/cli", "attw", packed, "--profile", "esm-only", "--no-emoji", "--no-color",
    "--exclude-entrypoints", "raftbare_bg.wasm", "simulator_bg.wasm",
  );
  assert.equal(code, 0, output);
});

test("the module with Node is small", (t) => {
  for (const name of ["raftbare", "raftbare_dev", "simulator"]) {
    const bytes = readFileSync(join(installed, `dist/wasm/${name}_bg.wasm`));
    const [gzip, brotli] = [gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length];
    t.diagnostic(`${name}_bg.wasm: ${bytes.length} bytes, ${gzip} gzip, ${brotli} brotli`);
    if (name === "raftbare") assert.ok(gzip <= MOST_GZIP, `${gzip}`);
  }
});

/** How the documented names are called in JavaScript, where that is not the same name in camel case. */
const RENAMED = {
  "Node::actions_mut": "Node.drainActions",
  "Actions::next": "Node.nextAction",
  "LogEntries::len": "LogEntries.length",
  "LogEntries::iter": "LogEntries.[Symbol.iterator]",
  "LogEntries::from_iter": "LogEntries.from",
  "LogPosition::is_invalid": "LogPosition.isInvalid",
  "LogEntries::new": "LogEntries.constructor",
  "Log::new": "Log.constructor",
  "ClusterConfig::new": "ClusterConfig.constructor",
};

/** Types that are plain objects, texts and bigints here; their members are fields and words of the declarations. */
const PLAIN = new Set([
  "Action", "CommitStatus", "LogEntry", "LogIndex", "Message", "MessageHeader", "MessageSeqNo", "NodeId", "Role", "Term",
]);

const camel = (name) => name.toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());

test("every documented item is there", async () => {
  const api = await import("raftbare");
  const { Node, Actions } = api;
  const node = Node.start(1n);
  const instances = {
    Node: node, Actions: node.actions, Log: node.log, LogEntries: node.log.entries, ClusterConfig: node.config,
  };
  assert.equal(instances.Actions instanceof Actions, true);
  const declarations = files.filter((file) => file.endsWith(".d.ts")).map((file) => readFileSync(file, "utf8")).join("\n");
  const items = documentedItems();
  assert.ok(items.length > 100, `${items.length}`);
  const missing = items.filter(([type, name]) => {
    if (PLAIN.has(type)) return !isPlainMember(type, name, declarations);
    const [owner, member] = (RENAMED[`${type}::${name}`] ?? `${type}.${camel(name)}`).split(".");
    if (member === "constructor") return typeof api[owner] !== "function";
    if (member === "[Symbol") return !(Symbol.iterator in instances[owner]);
    const upper = name === name.toUpperCase() ? name : member;
    const isThere = [instances[owner], api[owner]].some((place) => place !== undefined && upper in place);
    return !isThere && !isPlainMember(type, name, declarations);
  });
  assert.deepEqual(missing.map(([type, name]) => `${type}::${name}`), []);
});

/** The items of the documented API: `Type::name`. */
function documentedItems() {
  const text = readFileSync(join(here, "documented.txt"), "utf8");
  return [...new Set(text.match(/\w+::\w+/g))].map((item) => item.split("::"));
}

/** A variant is a word of a union, a field a field; `new`, `get`, `is_…` and constants of integers are the language's. */
function isPlainMember(type, name, declarations) {
  if (["new", "get", "ZERO"].includes(name) || name.startsWith("is_")) return true;
  const [first, ...rest] = name;
  const word = first.toLowerCase() + rest.join("");
  const kebab = name.replace(/(?!^)[A-Z]/g, "-$&").toLowerCase();
  return [`"${word}"`, `"${kebab}"`, `readonly ${camel(name)}:`, `readonly ${word}:`].some((text) => declarations.includes(text));
}

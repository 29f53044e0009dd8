// Makes the package out of the modules that `cargo xtask npm` has compiled into `src/wasm`:
// node scripts/pack.mjs FOLDER
//
// FOLDER/package is what is packed, FOLDER/raftbare-VERSION.tgz the result. Prints the sizes of the modules.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const js = dirname(dirname(fileURLToPath(import.meta.url)));
const root = dirname(dirname(js));
const folder = process.argv[2];
const target = join(folder, "package");
const wasm = join(js, "src/wasm");

/** The program of a development dependency. */
function program(dependency, name) {
  const manifest = createRequire(join(js, "package.json")).resolve(`${dependency}/package.json`);
  const { bin } = JSON.parse(readFileSync(manifest, "utf8"));
  return join(dirname(manifest), typeof bin === "string" ? bin : bin[name]);
}

function run(dependency, name, ...args) {
  execFileSync(process.execPath, [program(dependency, name), ...args], { cwd: js, stdio: "inherit" });
}

/**
 * For a compressed module: small functions next to those that are like them repeat each other, large ones that were
 * put together out of several do not.
 */
const SMALL = [
  "--one-caller-inline-max-function-size",
  "10",
  "-Oz",
  "--gufa-optimizing", // what values come to a function at all
  "-Oz",
  "--converge",
  "--reorder-functions-by-name",
];

/** Node 20 has to understand the module, so no features are added. The stack traces of the dev build need names. */
function optimise(name) {
  const file = join(wasm, `${name}_bg.wasm`);
  const strip = name === "raftbare_dev" ? [] : ["--strip-debug"];
  const level = name === "raftbare" ? SMALL : ["-O2"];
  run("binaryen", "wasm-opt", ...level, ...strip, "--strip-producers", "--strip-target-features", file, "-o", file);
  const bytes = readFileSync(file);
  const [gzip, brotli] = [gzipSync(bytes, { level: 9 }).length, brotliCompressSync(bytes).length];
  console.log(`${name}_bg.wasm: ${bytes.length} bytes, ${gzip} gzip, ${brotli} brotli`);
}

for (const name of ["raftbare", "raftbare_dev", "simulator"]) optimise(name);

const base64 = readFileSync(join(wasm, "raftbare_bg.wasm")).toString("base64");
writeFileSync(join(wasm, "raftbare_inline.js"), `export const base64 =\n  "${base64}";\n`);
writeFileSync(join(wasm, "raftbare_inline.d.ts"), "export declare const base64: string;\n");

rmSync(target, { recursive: true, force: true });
mkdirSync(join(target, "dist/wasm"), { recursive: true });
rmSync(join(js, "dist"), { recursive: true, force: true });
run("typescript", "tsc", "--project", js);
cpSync(join(js, "dist"), join(target, "dist"), { recursive: true });
for (const file of readdirSync(wasm)) {
  if (file.endsWith(".js") || file.endsWith("_bg.wasm")) cpSync(join(wasm, file), join(target, "dist/wasm", file));
}
cpSync(join(js, "src"), join(target, "src"), { recursive: true, filter: (path) => path !== wasm });
cpSync(join(js, "README.md"), join(target, "README.md"));
for (const licence of ["LICENSE-MIT", "LICENSE-APACHE"]) cpSync(join(root, licence), join(target, licence));

const { devDependencies: _, ...manifest } = JSON.parse(readFileSync(join(js, "package.json"), "utf8"));
writeFileSync(join(target, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
const npm = process.platform === "win32" ? "npm.cmd" : "npm";
const packed = execFileSync(npm, ["pack", "--json", "--silent", "--pack-destination", folder], { cwd: target });
const [{ filename, size, entryCount }] = Object.values(JSON.parse(packed));
renameSync(join(folder, filename), join(folder, "raftbare.tgz"));
console.log(`${filename}: ${size} bytes, ${entryCount} files`);

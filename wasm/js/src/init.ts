import { ready, readySync } from "./ready.js";
import * as glue from "./wasm/raftbare.js";

/**
 * Loads the module, from where you say: an URL, a `Response` or a promise of one, its bytes, or a compiled
 * `WebAssembly.Module`. Without an argument, from its place in the package.
 *
 * ```ts
 * import { Node, init } from "raftbare/init";
 *
 * await init(fetch("/assets/raftbare_bg.wasm"));
 * ```
 */
export async function init(source: string | object = new URL("./wasm/raftbare_bg.wasm", import.meta.url)): Promise<void> {
  await ready(glue, source);
}

/**
 * As {@link init}, with bytes or a compiled module that are there already: nothing to wait for.
 *
 * ```ts
 * import { Node, initSync } from "raftbare/init";
 * import { readFileSync } from "node:fs";
 *
 * initSync(readFileSync(fileURLToPath(import.meta.resolve("raftbare/raftbare_bg.wasm"))));
 * ```
 */
export function initSync(module: object): void {
  readySync(glue, module as WebAssembly.Module);
}

export * from "./api.js";

import { readFileSync } from "node:fs";
import { readySync } from "./ready.js";
import * as glue from "./wasm/raftbare.js";

readySync(glue, readFileSync(new URL("./wasm/raftbare_bg.wasm", import.meta.url)));

export * from "./api.js";

import { ready } from "./ready.js";
import * as glue from "./wasm/raftbare.js";

await ready(glue, new URL("./wasm/raftbare_bg.wasm", import.meta.url));

export * from "./api.js";

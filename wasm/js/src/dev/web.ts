import { ready } from "../ready.js";
import * as glue from "../wasm/raftbare_dev.js";

await ready(glue, new URL("../wasm/raftbare_dev_bg.wasm", import.meta.url));

export * from "../api.js";

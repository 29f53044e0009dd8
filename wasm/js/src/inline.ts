import { readySync } from "./ready.js";
import * as glue from "./wasm/raftbare.js";
import { base64 } from "./wasm/raftbare_inline.js";

readySync(glue, Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0)));

export * from "./api.js";

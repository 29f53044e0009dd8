import { readFileSync } from "node:fs";
import * as glue from "../wasm/simulator.js";
import { bindSimulator } from "./binding.js";

const module = readFileSync(new URL("../wasm/simulator_bg.wasm", import.meta.url));
bindSimulator(glue, glue.initSync({ module }).memory);

export * from "./api.js";

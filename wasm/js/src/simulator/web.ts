import * as glue from "../wasm/simulator.js";
import { bindSimulator } from "./binding.js";

const module = new URL("../wasm/simulator_bg.wasm", import.meta.url);
bindSimulator(glue, (await glue.default({ module_or_path: module })).memory);

export * from "./api.js";

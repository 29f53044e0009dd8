import { type Binding, bind } from "./binding.js";

/** What the generator writes for a module. */
interface Glue {
  readonly RawNode: Binding["RawNode"];
  initSync(source: { module: BufferSource | WebAssembly.Module }): { readonly memory: WebAssembly.Memory };
  default(source: { module_or_path: never }): Promise<{ readonly memory: WebAssembly.Memory }>;
}

/** Makes a module ready whose bytes are there. */
export function readySync(glue: Glue, module: BufferSource | WebAssembly.Module): void {
  bind({ RawNode: glue.RawNode, memory: glue.initSync({ module }).memory as Binding["memory"] });
}

/** Makes a module ready that has to be loaded first. */
export async function ready(glue: Glue, source: unknown): Promise<void> {
  const { memory } = await glue.default({ module_or_path: source as never });
  bind({ RawNode: glue.RawNode, memory: memory as Binding["memory"] });
}

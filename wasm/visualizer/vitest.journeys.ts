import { defineConfig } from "vitest/config";
import { coreSource } from "./core-source.js";

// One page at a time: they are as slow as the machine, and none waits for another.
export default defineConfig({
  plugins: [coreSource()],
  test: { include: ["journeys/**/*.test.ts"], testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false },
});

import { defineConfig } from "vitest/config";

// One page at a time: they are as slow as the machine, and none waits for another.
export default defineConfig({
  test: { include: ["journeys/**/*.test.ts"], testTimeout: 180_000, hookTimeout: 180_000, fileParallelism: false },
});

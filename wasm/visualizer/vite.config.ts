import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { defineConfig } from "vitest/config";
import { coreSource } from "./core-source.js";

const entry = createRequire(import.meta.url).resolve("raftbare/package.json");
const { version } = JSON.parse(readFileSync(join(dirname(entry), "package.json"), "utf8")) as { version: string };

// Everything goes into one script and one style, with the module inside: one file is made of them.
export default defineConfig({
  plugins: [coreSource()],
  base: "./",
  define: { __CORE_VERSION__: JSON.stringify(version) },
  build: {
    target: "es2022",
    outDir: process.env.VISUALIZER_OUT ?? "node_modules/.dist",
    emptyOutDir: true,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    modulePreload: false,
    cssCodeSplit: false,
    chunkSizeWarningLimit: 4_000,
  },
  optimizeDeps: { exclude: ["raftbare"] },
  test: { include: ["test/**/*.test.{ts,tsx}"], testTimeout: 60_000 },
});

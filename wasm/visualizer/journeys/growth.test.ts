import { expect, test } from "vitest";
import { DESKTOP, leader, visit, withBrowser } from "./tools.js";

withBrowser();

/** Simulated seconds. */
const [BEGIN, END] = [60, 660];
/** What ten minutes may leave behind in the heap; the lines themselves are in arrays outside of it. */
const MOST_BYTES = 4_000_000;

test("ten simulated minutes leave no nodes, listeners or memory behind", () =>
  visit(DESKTOP, async (page) => {
    const session = await page.context().newCDPSession(page);
    const measure = async (): Promise<{ nodes: number; listeners: number; bytes: number }> => {
      await session.send("HeapProfiler.collectGarbage");
      const { nodes, jsEventListeners } = await session.send("Memory.getDOMCounters");
      const { usedSize } = await session.send("Runtime.getHeapUsage");
      return { nodes, listeners: jsEventListeners, bytes: usedSize };
    };
    const run = async (until: number): Promise<void> => {
      await page.getByLabel("Speed").selectOption({ label: "10×" });
      await page.getByRole("button", { name: "Play", exact: true }).click();
      const passed = async (): Promise<boolean> =>
        Number.parseFloat(await page.locator(".timeline .value").innerText()) >= until;
      await expect.poll(passed, { timeout: 170_000, interval: 250 }).toBe(true);
      await page.getByRole("button", { name: "Pause" }).click();
    };
    await run(BEGIN);
    const before = await measure();
    await run(END);
    const after = await measure();
    console.log("before", before, "after", after);
    expect(after.nodes).toBeLessThan(before.nodes * 1.2 + 200);
    expect(after.listeners).toBeLessThan(before.listeners * 1.2 + 20);
    expect(after.bytes - before.bytes).toBeLessThan(MOST_BYTES);
    await leader(page);
  }));

import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { LESSONS } from "../src/lessons/index.js";
import { DESKTOP, PHONE, leader, roles, save, select, seriousProblems, visit, withBrowser } from "./tools.js";

withBrowser();

const button = (page: Page, name: string | RegExp) =>
  page.getByRole("button", { name, exact: typeof name === "string" });

async function cutLeaderOff(page: Page): Promise<void> {
  const network = page.getByRole("region", { name: "Network" });
  await network
    .getByRole("group")
    .getByRole("button", { name: await leader(page), exact: true })
    .click();
  await network.getByRole("button", { name: "Split off" }).click();
}

/** How somebody does the exercise of each lesson. */
const SOLUTIONS: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  async election(page) {
    await select(page, 3);
    await button(page, "Time out now").click();
  },
  async "split-vote"(page) {
    const others = Object.entries(await roles(page)).filter(([, role]) => role === "follower");
    for (const [id] of others.slice(0, 2)) {
      await select(page, id);
      await button(page, "Time out now").click();
    }
  },
  async replication(page) {
    await select(page, 3);
    await button(page, "Restart from disk").click();
  },
  async "log-repair"(page) {
    await select(page, 7);
    await button(page, "Restart from disk").click();
  },
  async "figure-8"(page) {
    const flights = page.getByRole("region", { name: "Messages in flight" });
    const calls = flights.getByRole("listitem").filter({ hasText: "AppendEntriesCall" });
    expect(await calls.count()).toBe(2);
    for (const call of await calls.all()) {
      await call.getByRole("button").click();
      await flights.getByRole("button", { name: "Release" }).click();
    }
  },
  partition: cutLeaderOff,
  async "joint-consensus"(page) {
    const members = page.getByRole("region", { name: "Members" });
    await members.locator("label", { hasText: "5" }).getByRole("combobox").first().selectOption("none");
    await members.getByRole("button", { name: "Propose the change" }).click();
  },
  async snapshots(page) {
    await select(page, 2);
    await button(page, "Snapshot").click();
  },
  "stable-leadership": cutLeaderOff,
  async "asynchronous-storage"(page) {
    await select(page, 3);
    await button(page, "Stick the disk").click();
  },
};

/** Reads all captions, does the exercise, and lets time pass until it is done. */
async function finish(page: Page, name: string): Promise<void> {
  const { steps, exercise, title } = LESSONS.find((one) => one.name === name)!;
  const panel = page.getByRole("region", { name: "Lesson", exact: true });
  expect(await panel.getByRole("heading").innerText()).toContain(title);
  const seen = new Set<string>();
  for (const _ of steps) {
    seen.add(await panel.locator(".caption").innerText());
    await button(page, "Next").click();
  }
  expect(seen.size).toBe(steps.length);
  expect(await panel.innerText()).toContain(`${steps.length + 1} of ${steps.length + 1}`);
  await panel.getByText("How?").click();
  expect(await panel.innerText()).toContain(exercise.hint);
  expect(await panel.getByText("Done!").count()).toBe(0);
  await SOLUTIONS[name]!(page);
  await page.getByLabel("Speed").selectOption("0.5");
  if ((await panel.getByText("Done!").count()) === 0) await button(page, "Play").click();
  await panel.getByText("Done!").waitFor();
  expect(await panel.innerText()).toContain(exercise.done);
}

const names = LESSONS.map(({ name }) => name);

describe("on a desktop", () => {
  test.each(names)("%s is read to its end, tried and done, and Rust plays it", (name) =>
    visit(
      DESKTOP,
      async (page) => {
        await finish(page, name);
        await save(page, `lesson-${name}`);
      },
      { hash: `#lesson=${name}` },
    ),
  );
});

describe("on a phone", () => {
  test.each(names)("%s is read to its end, tried and done", (name) =>
    visit(
      PHONE,
      async (page) => {
        await finish(page, name);
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
      },
      { hash: `#lesson=${name}` },
    ),
  );
});

test("somebody new finds the lessons, and goes from one to the next", () =>
  visit(DESKTOP, async (page) => {
    await button(page, "Learn").click();
    const list = page.getByRole("navigation", { name: "Lessons" });
    expect(await list.getByRole("button").count()).toBe(LESSONS.length);
    await list.getByRole("button", { name: /Electing a leader/ }).click();
    expect(await page.evaluate("location.hash")).toBe("#lesson=election");
    await finish(page, "election");
    await button(page, /^Next lesson/).click();
    await expect.poll(() => page.evaluate("location.hash")).toBe("#lesson=split-vote");
    await button(page, "Learn").click();
    expect(await list.getByRole("button", { name: /Electing a leader/ }).innerText()).toContain("✓ done");
    await button(page, "Leave the lesson").click();
    expect(await page.getByRole("region", { name: "Lesson", exact: true }).count()).toBe(0);
    await expect.poll(() => page.evaluate("location.hash")).toMatch(/^#s=/);
  }));

test("a step plays by itself up to its end, and goes back and again by key", () =>
  visit(
    DESKTOP,
    async (page) => {
      const panel = page.getByRole("region", { name: "Lesson", exact: true });
      await page.keyboard.press("n");
      await expect.poll(async () => Object.values(await roles(page)), { timeout: 60_000 }).toContain("candidate");
      await button(page, "Play").waitFor();
      expect(await panel.innerText()).toContain("2 of 9");
      for (let step = 0; step < 4; step += 1) await page.keyboard.press("n");
      expect(await panel.innerText()).toContain("6 of 9");
      await page.keyboard.press("b");
      expect(await panel.innerText()).toContain("5 of 9");
      expect(await leader(page)).toBe("5");
      await page.keyboard.press("b");
      expect(Object.values(await roles(page))).toContain("candidate");
      await button(page, "Again").click();
      await button(page, "Pause").click();
      expect(await panel.innerText()).toContain("4 of 9");
    },
    { hash: "#lesson=election" },
  ));

test("what is tried in the middle of a lesson is kept, and the lesson goes on", () =>
  visit(
    DESKTOP,
    async (page) => {
      for (let step = 0; step < 5; step += 1) await button(page, "Next").click();
      await select(page, 5);
      await button(page, "Crash").click();
      expect((await roles(page))["5"]).toBe("down");
      await button(page, "Back").click();
      expect(await leader(page)).toBe("5");
      const branches = page.getByRole("navigation", { name: "Branches" });
      await branches.getByRole("button", { name: /^B/ }).click();
      expect((await roles(page))["5"]).toBe("down");
    },
    { hash: "#lesson=election" },
  ));

test("who begins something else has left the lesson", () =>
  visit(
    DESKTOP,
    async (page) => {
      const panel = page.getByRole("region", { name: "Lesson", exact: true });
      await button(page, "Next").click();
      expect(await panel.count()).toBe(1);
      await page.getByLabel("New cluster of").selectOption("3");
      expect(await panel.count()).toBe(0);
      await expect.poll(async () => Object.keys(await roles(page))).toHaveLength(3);
    },
    { hash: "#lesson=election" },
  ));

test("a word is explained on request, and the code is that of the core", () =>
  visit(
    DESKTOP,
    async (page) => {
      await button(page, "leader").click();
      expect(await page.locator(".meaning:popover-open").innerText()).toMatch(/^leader: The one node that decides/);
      await page.keyboard.press("Escape");
      expect(await page.locator(".meaning:popover-open").count()).toBe(0);
      await button(page, "Next").click();
      await page.getByText("The code:").click();
      const { excerpt, lines } = LESSONS.find(({ name }) => name === "election")!.steps[1]!.code!;
      const code = page.locator(".lesson .code");
      expect(await code.innerText()).toContain(`${excerpt.file}, from line ${excerpt.lines[0]!.number}`);
      const shown = await code.locator("pre").innerText();
      expect(shown.trim()).toBe(excerpt.lines.map(({ text }) => text).join("\n"));
      expect(await code.locator("mark").allInnerTexts()).toEqual([expect.stringContaining(lines[0]!)]);
    },
    { hash: "#lesson=election" },
  ));

test.each([
  ["a desktop in light", { ...DESKTOP, colorScheme: "light" }],
  ["a phone in dark", { ...PHONE, colorScheme: "dark" }],
] as const)("axe finds nothing serious on %s", (_, options) =>
  visit(
    options,
    async (page) => {
      await button(page, "Learn").click();
      await button(page, "Next").click();
      await page.getByText("The code:").click();
      expect(await seriousProblems(page)).toEqual([]);
    },
    { hash: "#lesson=replication" },
  ),
);

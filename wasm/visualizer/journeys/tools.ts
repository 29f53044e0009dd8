import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type Locator, type Page, chromium } from "playwright-core";
import { afterAll, beforeAll, expect } from "vitest";

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set; cargo xtask journeys does it`);
  return value;
}

/** The one file, as people open it. */
export const ADDRESS = pathToFileURL(variable("RAFTBARE_PAGE")).href;

export const DESKTOP = { viewport: { width: 1380, height: 900 } } as const;
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true } as const;

/** For what has to work on both: their names, and what they are. */
export const DEVICES = [
  ["a desktop", DESKTOP],
  ["a phone", PHONE],
] as const;

let browser: Browser;

/** Starts the browser before the tests of a file. */
export function withBrowser(): void {
  beforeAll(async () => {
    // Root may start no sandbox, and a container has little shared memory.
    const args = ["--disable-dev-shm-usage", "--disable-gpu", "--js-flags=--expose-gc"];
    if (process.getuid?.() === 0) args.push("--no-sandbox");
    browser = await chromium.launch({ executablePath: variable("CHROMIUM"), args });
  });
  afterAll(() => browser?.close());
}

type Options = Parameters<Browser["newContext"]>[0];

/** Opens the page, which stands still at once, and takes part in `visit`; fails on any error that the page shows. */
export async function visit(
  options: Options,
  journey: (page: Page) => Promise<void>,
  { hash = "", isPaused = true }: { hash?: string; isPaused?: boolean } = {},
): Promise<void> {
  const context = await browser.newContext({ acceptDownloads: true, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (entry) => ["error", "warning"].includes(entry.type()) && errors.push(entry.text()));
  try {
    await page.goto(ADDRESS + hash);
    await page.locator(".ring .node").first().waitFor();
    if (isPaused) await pause(page);
    await journey(page);
    expect(errors).toEqual([]);
  } finally {
    await context.close();
  }
}

export async function pause(page: Page): Promise<void> {
  const button = page.getByRole("button", { name: "Pause" });
  if (await button.count()) await button.click();
}

/** The simulated time that is shown, in seconds. */
export async function shownTime(page: Page): Promise<number> {
  return Number.parseFloat(await page.locator(".timeline .value").innerText());
}

/** The roles in the picture, by node. */
export async function roles(page: Page): Promise<Record<string, string>> {
  const nodes = page.locator(".ring .node");
  const found = await nodes.evaluateAll((all) =>
    all.map((node) => [
      node.querySelector(".id")!.textContent!,
      ["leader", "candidate", "follower", "down"].find((role) => node.classList.contains(role))!,
    ]),
  );
  return Object.fromEntries(found);
}

export async function leader(page: Page): Promise<string> {
  const found = Object.entries(await roles(page)).find(([, role]) => role === "leader");
  expect(found, "somebody leads").toBeDefined();
  return found![0];
}

/** Steps by event until something is so. */
export async function stepUntil(page: Page, isSo: () => Promise<boolean>, most = 400): Promise<void> {
  for (let steps = 0; steps < most; steps += 1) {
    if (await isSo()) return;
    await page.getByRole("button", { name: "On by an event" }).click();
  }
  throw new Error(`not so after ${most} events: ${isSo}`);
}

export async function select(page: Page, id: string | number): Promise<void> {
  await page
    .getByRole("group", { name: "Select a node" })
    .getByRole("button", { name: String(id), exact: true })
    .click();
}

/** The card with the options of the nodes. */
export function options(page: Page): Locator {
  return page.getByRole("region", { name: "Options" });
}

export function events(page: Page): Promise<string> {
  return page.getByRole("log").innerText();
}

/** Saves the scenario as people do, and keeps it for the Rust side to play. */
export async function save(page: Page, name: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Save" }).click(),
  ]);
  const text = readFileSync(await download.path(), "utf8");
  const folder = variable("RAFTBARE_SCENARIOS");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.txt`), text);
  return text;
}

/** What axe finds that is serious. */
export async function seriousProblems(page: Page): Promise<string[]> {
  const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(source);
  const { violations } = await page.evaluate<{
    violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
  }>("axe.run(document, { resultTypes: ['violations'] })");
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return serious.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("\n")}`,
  );
}

import { type Page } from "playwright-core";
import { expect, test } from "vitest";
import { DESKTOP, PHONE, leader, seriousProblems, shownTime, stepUntil, visit, withBrowser } from "./tools.js";

withBrowser();

const diagram = (page: Page) => page.getByRole("region", { name: "Space-time", exact: true });
const strip = (page: Page) => diagram(page).getByRole("group", { name: /^Space-time diagram/ });
const caption = (page: Page) => diagram(page).locator(".caption");

/** Opens the list and reads it. */
async function listed(page: Page): Promise<string> {
  const summary = diagram(page).getByText("The same as a list");
  if ((await diagram(page).getByRole("list", { name: "Events in sight" }).count()) === 0) await summary.click();
  return diagram(page).getByRole("list", { name: "Events in sight" }).innerText();
}

test.each([
  ["desktop", DESKTOP],
  ["phone", PHONE],
])("a lost, a doubled and a late message are told apart, and all is read as text: %s", (_, options) =>
  visit(options, async (page) => {
    await page.getByRole("button", { name: "Heartbeat now" }).click();
    const flights = page.getByRole("region", { name: "Messages in flight" });
    const calls = flights.getByRole("listitem").filter({ hasText: "AppendEntriesCall" });
    await stepUntil(page, async () => (await calls.count()) === 4, 40);
    await calls.nth(0).getByRole("button").click();
    await flights.getByRole("button", { name: "Duplicate" }).click();
    await flights.getByRole("button", { name: "Drop" }).click();
    await calls.nth(1).getByRole("button").click();
    await flights.getByRole("button", { name: "Delay 50 ms" }).click();
    const isLate = async () => /late\)/.test(await listed(page));
    await stepUntil(page, isLate, 60);
    const text = await listed(page);
    expect(text).toMatch(/\(sent at [\d.]+ s, lost at [\d.]+ s\)/);
    expect(text).toMatch(/, doubled\)/);
    const drawn = await strip(page).locator("svg text").allTextContents();
    expect(drawn).toEqual(expect.arrayContaining(["lost", "late", "×2"]));
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(options.viewport.width);
    expect(await seriousProblems(page)).toEqual([]);
  }),
);

test("what is pointed at stands out here and in the ring, and a click goes there", () =>
  visit(DESKTOP, async (page) => {
    const end = await shownTime(page);
    await strip(page).scrollIntoViewIfNeeded();
    const box = (await strip(page).locator("svg").boundingBox())!;
    expect(await page.locator(".ring .pointed-at").count()).toBe(0);
    // Somewhere on the way down a message is passed.
    let y = box.y + 20;
    const isPointing = async (): Promise<boolean> => (await page.locator(".ring line.pointed-at").count()) === 1;
    for (; y < box.y + 340 && !(await isPointing()); y += 3) await page.mouse.move(box.x + box.width * 0.4, y);
    expect(await isPointing()).toBe(true);
    expect(await caption(page).innerText()).toMatch(/^[\d.]+ s: \d to \d: .*\(sent at /);
    expect(await strip(page).locator('polyline[stroke="var(--accent)"][stroke-width="3"]').count()).toBe(1);
    await page.mouse.down();
    await page.mouse.up();
    const there = await shownTime(page);
    expect(there).toBeLessThan(end);
    expect(await caption(page).innerText()).toContain(`${there.toFixed(3)} s: `);
    await page.mouse.move(5, 5);
    expect(await page.locator(".ring .pointed-at").count()).toBe(0);
  }));

test("a message that is pointed at in the ring stands out in the diagram", () =>
  visit(DESKTOP, async (page) => {
    await stepUntil(page, async () => (await page.locator(".ring .flight").count()) > 0, 40);
    await page.locator(".ring .flight").first().hover();
    await expect.poll(() => strip(page).locator('polyline[stroke="var(--accent)"][stroke-width="3"]').count()).toBe(1);
    expect(await caption(page).innerText()).toMatch(/lost or under way|arrived at|lost at/);
  }));

test.each([
  ["desktop", DESKTOP],
  ["phone", PHONE],
])("a message in the list and an event in words are pointed at, and nothing moves: %s", (_, options) =>
  visit(options, async (page) => {
    await page.getByRole("button", { name: "Heartbeat now" }).click();
    const flights = page.getByRole("region", { name: "Messages in flight" });
    await stepUntil(page, async () => (await flights.getByRole("listitem").count()) > 0, 20);
    expect(await page.locator(".ring .pointed-at").count()).toBe(0);
    const height = (): Promise<number> => page.evaluate("document.documentElement.scrollHeight");
    const before = await height();
    await flights.getByRole("listitem").first().getByRole("button").focus();
    await expect.poll(() => page.locator(".ring line.pointed-at").count()).toBe(1);
    expect(await height()).toBe(before);
    await page.getByRole("log").getByRole("button").first().focus();
    await expect.poll(() => caption(page).innerText()).toMatch(/knows up to index|leads term|\d to \d/);
    await page.getByRole("button", { name: "Play", exact: true }).focus();
    await expect.poll(() => page.locator(".ring .pointed-at").count()).toBe(0);
  }),
);

test("the keys go from event to event, and to an event", () =>
  visit(DESKTOP, async (page) => {
    await strip(page).focus();
    await page.keyboard.press("ArrowUp");
    const last = await caption(page).innerText();
    await page.keyboard.press("ArrowUp");
    const before = await caption(page).innerText();
    expect(Number.parseFloat(before)).toBeLessThanOrEqual(Number.parseFloat(last));
    await page.keyboard.press("ArrowDown");
    expect(await caption(page).innerText()).toBe(last);
    expect(await caption(page).getAttribute("aria-live")).toBe("polite");
    for (let press = 0; press < 6; press += 1) await page.keyboard.press("ArrowUp");
    const wanted = Number.parseFloat(await caption(page).innerText());
    await page.keyboard.press("Enter");
    expect(await shownTime(page)).toBeCloseTo(wanted, 3);
    await page.keyboard.press("Escape");
    expect(await caption(page).innerText()).toMatch(/^Point at something/);
  }));

test("nodes and kinds are left out", () =>
  visit(DESKTOP, async (page) => {
    const first = await leader(page);
    await diagram(page).getByText("Show", { exact: true }).click();
    const before = await listed(page);
    expect(before).toMatch(/I lead in term 1/);
    await diagram(page).getByRole("checkbox", { name: "heartbeats" }).uncheck();
    await diagram(page).getByRole("checkbox", { name: "answers" }).uncheck();
    expect(await listed(page)).not.toMatch(/I lead in term 1|My log agrees/);
    await diagram(page).getByRole("checkbox", { name: "heartbeats" }).check();
    await diagram(page)
      .getByRole("checkbox", { name: `node ${first}` })
      .uncheck();
    expect(await listed(page)).not.toMatch(/I lead in term 1/);
    expect(await diagram(page).locator(".heads text").allTextContents()).not.toContain(first);
  }));

test("the list goes to an event, too", () =>
  visit(PHONE, async (page) => {
    await listed(page);
    const item = diagram(page).getByRole("list", { name: "Events in sight" }).getByRole("button").first();
    const wanted = Number.parseFloat(await item.innerText());
    await item.tap();
    expect(await shownTime(page)).toBeCloseTo(wanted, 3);
  }));

test("a long stretch is drawn as pixels, follows the time, and is scrolled back", () =>
  visit(DESKTOP, async (page) => {
    await page.getByLabel("Speed").selectOption({ label: "10×" });
    await page.getByRole("button", { name: "Play", exact: true }).click();
    await expect.poll(() => shownTime(page), { timeout: 60_000 }).toBeGreaterThan(20);
    await page.getByRole("button", { name: "Pause" }).click();
    const away = diagram(page).getByRole("button", { name: "More time in sight" });
    while (await away.isEnabled()) await away.click();
    expect(await strip(page).locator("canvas").count()).toBe(1);
    const ink = `(() => {
      const canvas = document.querySelector(".strip canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, at) => at % 4 === 3 && value > 0).length;
    })()`;
    expect(await page.evaluate(ink)).toBeGreaterThan(10_000);
    const near = diagram(page).getByRole("button", { name: "Less time in sight" });
    for (let press = 0; press < 4; press += 1) await near.click();
    expect(await strip(page).locator("svg").count()).toBe(1);
    expect(await diagram(page).getByRole("button", { name: "Follow now" }).getAttribute("aria-pressed")).toBe("true");
    await strip(page).evaluate((element) => (element.scrollTop = 0));
    await expect
      .poll(() => diagram(page).getByRole("button", { name: "Follow now" }).getAttribute("aria-pressed"))
      .toBe("false");
    expect(await listed(page)).toMatch(/^0\.000 s \d starts\./);
    await diagram(page).getByRole("button", { name: "Follow now" }).click();
    expect(await strip(page).evaluate((element) => element.scrollTop)).toBeGreaterThan(1_000);
  }));

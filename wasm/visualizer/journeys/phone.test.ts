import { expect, test } from "vitest";
import {
  PHONE,
  events,
  leader,
  pause,
  roles,
  seriousProblems,
  shownTime,
  stepUntil,
  visit,
  withBrowser,
} from "./tools.js";

withBrowser();

test("nothing is wider than the phone, and time is always at hand", () =>
  visit(PHONE, async (page) => {
    await leader(page);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
    await page.evaluate("scrollTo(0, document.body.scrollHeight)");
    const { y, height } = (await page.locator(".transport").boundingBox())!;
    expect(y + height).toBeLessThanOrEqual(845);
    expect(y).toBeGreaterThan(700);
  }));

test("a vote is split with two taps, and the reason is read", () =>
  visit(PHONE, async (page) => {
    await page.getByRole("button", { name: "Split the vote" }).tap();
    await pause(page);
    await stepUntil(page, async () => /its one vote of term 2 went to/.test(await events(page)));
    expect(Object.values(await roles(page)).filter((role) => role === "candidate")).toHaveLength(2);
  }));

test("a node is tapped, crashed and brought back", () =>
  visit(PHONE, async (page) => {
    await page.locator(".ring .node").nth(2).tap();
    expect(await page.locator(".node-panel h2").innerText()).toMatch(/Node 3/);
    await page.getByRole("button", { name: "Crash" }).tap();
    expect((await roles(page))["3"]).toBe("down");
    await page.getByRole("button", { name: "Restart from disk" }).tap();
    expect((await roles(page))["3"]).toBe("follower");
    const before = await shownTime(page);
    await page.getByRole("button", { name: "Back by an event" }).tap();
    expect(await shownTime(page)).toBeLessThanOrEqual(before);
  }));

test("axe finds nothing serious", () =>
  visit(PHONE, async (page) => {
    expect(await seriousProblems(page)).toEqual([]);
  }));

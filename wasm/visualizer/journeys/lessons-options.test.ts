import type { Page } from "playwright-core";
import { expect, test } from "vitest";
import {
  DESKTOP,
  DEVICES,
  events,
  leader,
  options,
  roles,
  save,
  select,
  seriousProblems,
  stepUntil,
  visit,
  withBrowser,
} from "./tools.js";

withBrowser();

const network = (page: Page) => page.getByRole("region", { name: "Network" });

async function cutOff(page: Page, id: string): Promise<void> {
  await network(page).getByRole("group").getByRole("button", { name: id, exact: true }).click();
  await network(page).getByRole("button", { name: "Split off" }).click();
}

test.each(DEVICES)("on %s: with stable leadership who is cut off asks, and its term stays", (name, device) =>
  visit(device, async (page) => {
    const first = await leader(page);
    const other = first === "2" ? "3" : "2";
    await options(page)
      .getByLabel(/Stable leadership/)
      .check();
    expect(await options(page).innerText()).toMatch(/5\s+stable leadership, 8 timeouts/);
    await cutOff(page, other);
    await select(page, other);
    const panel = page.locator(".node-panel h2");
    await stepUntil(page, async () => (await panel.innerText()).includes("pre-candidate"));
    expect(await page.locator(".ring .node.pre-candidate .role").innerHTML()).toContain("pre-candidate");
    expect(await events(page)).toContain(`${other} asks who would vote for it in term 2`);
    await network(page).getByRole("button", { name: "Mend all" }).click();
    await stepUntil(page, async () => (await roles(page))[other] === "follower");
    expect(await leader(page)).toBe(first);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(device.viewport.width);
    expect(await seriousProblems(page)).toEqual([]);
    await save(page, `stable-leadership-on-${name.replaceAll(" ", "-")}`);
  }),
);

test("a leader that nobody answers steps down, after as many timeouts as one wants", () =>
  visit(DESKTOP, async (page) => {
    const first = await leader(page);
    await options(page)
      .getByLabel(/Stable leadership/)
      .check();
    await options(page)
      .getByLabel(/steps down after/)
      .selectOption("4");
    await cutOff(page, first);
    await stepUntil(page, async () => (await roles(page))[first] !== "leader");
    expect(await events(page)).toContain(`${first} no longer leads: no majority has answered it for too long`);
    const text = await save(page, "a-silent-leader");
    expect(text).toMatch(/^options \* stable 4$/m);
  }));

test("a node that never leads calls for no votes", () =>
  visit(DESKTOP, async (page) => {
    const other = (await leader(page)) === "2" ? "3" : "2";
    await options(page)
      .getByRole("combobox")
      .first()
      .selectOption({ label: `node ${other}` });
    await options(page)
      .getByLabel(/Never leads/)
      .check();
    await select(page, other);
    await page.getByRole("button", { name: "Time out now" }).click();
    expect((await roles(page))[other]).toBe("follower");
    await options(page)
      .getByLabel(/Never leads/)
      .uncheck();
    await page.getByRole("button", { name: "Time out now" }).click();
    expect((await roles(page))[other]).toBe("candidate");
    await save(page, "never-leads");
  }));

test.each(DEVICES)("on %s: a leader hands over", (name, device) =>
  visit(device, async (page) => {
    const first = await leader(page);
    const target = first === "4" ? "5" : "4";
    await select(page, first);
    await page.getByRole("group", { name: "Hand over to" }).getByRole("button", { name: target, exact: true }).click();
    await stepUntil(page, async () => (await roles(page))[target] === "leader");
    expect(await events(page)).toContain(`${target} stands for election in term 2: ${first} hands over to it`);
    await save(page, `hand-over-on-${name.replaceAll(" ", "-")}`);
  }),
);

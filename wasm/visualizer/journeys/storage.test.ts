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

/** Switches an option on for all nodes. */
async function switchOn(page: Page, label: RegExp): Promise<void> {
  await options(page).getByLabel(label).check();
}

const stick = (page: Page) => page.getByRole("button", { name: "Stick the disk" });
const onTheWay = (page: Page) => page.getByRole("list", { name: "On their way to the disk" });
const unsaid = (page: Page) => page.getByRole("list", { name: "Not said before it is stored" });
const toldBy = (page: Page) => page.getByRole("list", { name: "What it tells of itself" });
const nodeOf = (page: Page, id: string) => page.locator(".ring .node").nth(Number(id) - 1);
const drum = (page: Page, id: string) => nodeOf(page, id).locator(".drum");
const rowOf = (page: Page, id: string) => page.locator(".logs tbody tr").nth(Number(id) - 1);
const matchOf = (page: Page, id: string) => rowOf(page, id).locator(".number").nth(1);
const proposeAtLeader = (page: Page) => page.getByRole("button", { name: "Client: propose" }).click();

test.each(DEVICES)("on %s: one sees what is on its way to a disk, and what is not said before", (name, device) =>
  visit(device, async (page) => {
    const first = await leader(page);
    const other = first === "2" ? "3" : "2";
    expect(await page.locator(".drum").count()).toBe(0);
    await switchOn(page, /Asynchronous storage/);
    expect(await page.locator(".drum").count()).toBe(5);
    await select(page, other);
    await stick(page).click();
    expect(await stick(page).getAttribute("aria-pressed")).toBe("true");
    await proposeAtLeader(page);
    await stepUntil(page, async () => (await drum(page, other).locator("text").first().innerHTML()) === "1");
    expect(await onTheWay(page).innerText()).toBe("entry 3");
    expect(await unsaid(page).innerText()).toBe("that it has entry 3");
    expect(await drum(page, other).getAttribute("class")).toMatch(/busy stuck/);
    expect(await page.locator("svg.ring").getAttribute("aria-label")).toMatch(
      new RegExp(`${other} is follower in term 1, 1 on the way to its disk, its disk stuck`),
    );
    // The others have stored it: it is committed without the disk that is stuck.
    await stepUntil(page, async () => (await events(page)).includes(`${first} commits up to index 3`));
    expect(await unsaid(page).innerText()).toBe("that it has entry 3");
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(device.viewport.width);
    expect(await seriousProblems(page)).toEqual([]);
    await stick(page).click();
    await stepUntil(page, async () => (await onTheWay(page).innerText()) === "nothing");
    expect(await unsaid(page).innerText()).toBe("nothing");
    const text = await save(page, `asynchronous-storage-on-${name.replaceAll(" ", "-")}`);
    const [stuck, free] = [`#: stick ${other}`, `#: unstick ${other}`];
    expect(text).toMatch(new RegExp(`^${stuck}$[^]*^${free}$[^]*^write ${other} 1$[^]*^report ${other}$`, "m"));
  }),
);

test("a crash loses what was on its way to the disk, or a part of it", () =>
  visit(DESKTOP, async (page) => {
    const other = (await leader(page)) === "2" ? "3" : "2";
    await switchOn(page, /Asynchronous storage/);
    await select(page, other);
    await stick(page).click();
    await page.getByRole("button", { name: "×10" }).click();
    await stepUntil(page, async () => (await onTheWay(page).innerText()) === "entries 3 to 12");
    await page.getByLabel(/stored by then/).selectOption({ label: "5 of 10 entries" });
    await page.getByRole("button", { name: "Crash" }).click();
    expect((await roles(page))[other]).toBe("down");
    expect(await events(page)).toContain(`${other} crashed: what was not stored is lost, a write on the way`);
    const row = page.locator(".state tr", { hasText: "last entry" });
    expect(await row.innerText()).toMatch(/–\s+1\/7/);
    await save(page, "a-crash-on-the-way-to-the-disk");
  }));

test.each(DEVICES)("on %s: a follower whose disk forgets is refused, and the leader tells it", (name, device) =>
  visit(device, async (page) => {
    const first = await leader(page);
    const other = first === "2" ? "3" : "2";
    await switchOn(page, /Refuses lost tails/);
    await switchOn(page, /Tells events/);
    await proposeAtLeader(page);
    await stepUntil(page, async () => (await matchOf(page, other).innerText()) === "3");
    await select(page, other);
    await page.getByRole("button", { name: "Crash" }).click();
    await page.getByRole("button", { name: "… without its last entry" }).click();
    expect(await events(page)).toContain(`${other} came back from a disk whose log ends at 1/2`);
    const refusal = `${first} refuses ${other}, which has lost entries`;
    await stepUntil(page, async () => (await events(page)).includes(refusal));
    expect(await page.locator(".node-panel h2").innerText()).toContain(`${first} refuses it`);
    expect(await nodeOf(page, other).locator(".role").innerHTML()).toContain("follower, refused");
    await select(page, first);
    expect(await toldBy(page).innerText()).toMatch(new RegExp(`${other}.* lost`));
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(device.viewport.width);
    expect(await seriousProblems(page)).toEqual([]);
    await save(page, `a-lost-tail-on-${name.replaceAll(" ", "-")}`);
  }),
);

test("nodes tell why they lead no more, and the same happens again by the address", () =>
  visit(DESKTOP, async (page) => {
    const first = await leader(page);
    await switchOn(page, /Asynchronous storage/);
    await switchOn(page, /Stable leadership/);
    await switchOn(page, /Tells events/);
    await select(page, first);
    expect(await toldBy(page).innerText()).toBe("nothing yet");
    await stick(page).focus();
    await page.keyboard.press("Enter");
    await proposeAtLeader(page);
    await stepUntil(page, async () => (await roles(page))[first] !== "leader");
    expect(await events(page)).toContain(`${first} no longer leads: its own disk has not reported for too long`);
    expect(await toldBy(page).innerText()).toContain("stepped down from t1: the storage does not report");
    const text = await save(page, "a-leader-whose-disk-is-stuck");
    const [roleNow, said] = [await roles(page), await events(page)];
    await visit(
      DESKTOP,
      async (again) => {
        expect(await roles(again)).toEqual(roleNow);
        expect(await events(again)).toBe(said);
        await select(again, first);
        expect(await stick(again).getAttribute("aria-pressed")).toBe("true");
        expect(await toldBy(again).innerText()).toContain("the storage does not report");
      },
      { hash: `#text=${encodeURIComponent(text)}` },
    );
  }));

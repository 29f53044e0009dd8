import { expect, test } from "vitest";
import {
  DESKTOP,
  events,
  leader,
  pause,
  roles,
  save,
  select,
  seriousProblems,
  shownTime,
  stepUntil,
  visit,
  withBrowser,
} from "./tools.js";

withBrowser();

test("opens into a running cluster with a leader, elected within a simulated second", () =>
  visit(
    DESKTOP,
    async (page) => {
      const before = await shownTime(page);
      await expect.poll(() => shownTime(page)).toBeGreaterThan(before);
      await leader(page);
      const told = await events(page);
      const [, time] = /(0\.\d+) s\s+\d leads term 1 with the votes of/.exec(told) ?? [];
      expect(Number(time), told).toBeLessThan(1);
      expect(await page.locator(".version").innerText()).toMatch(/^core \d+\.\d+\.\d+$/);
    },
    { isPaused: false },
  ));

test("a command goes to all and is committed, and its request says so", () =>
  visit(DESKTOP, async (page) => {
    await page.getByRole("button", { name: "Client: propose" }).click();
    const requests = page.getByRole("region", { name: "Client requests" });
    expect(await requests.innerText()).toContain("in-progress");
    await stepUntil(page, async () => (await requests.innerText()).includes("committed"));
    expect(await events(page)).toMatch(/The command at 1\/3 is committed: a majority has stored it/);
    await stepUntil(page, async () => (await page.locator(".logs tbody .entry.committed").count()) === 15);
    const text = await save(page, "a-command");
    expect(text).toMatch(/^propose \d 1$/m);
  }));

test("somebody new splits a vote and reads why", () =>
  visit(DESKTOP, async (page) => {
    await page.getByRole("button", { name: "Split the vote" }).click();
    await pause(page);
    const majorities = page.locator(".majorities");
    const isSplit = async () => (await majorities.innerText()).match(/2 of 5, 3 needed/g)?.length === 2;
    await stepUntil(page, async () => (await isSplit()) && /its one vote of term 2 went to/.test(await events(page)));
    expect(await events(page)).toMatch(/both stand in term 2\. Each node has one vote in it: they may split it/);
    expect(Object.values(await roles(page)).filter((role) => role === "candidate")).toHaveLength(2);
    await save(page, "a-split-vote");
    await stepUntil(page, async () => Object.values(await roles(page)).includes("leader"), 200);
    expect(await events(page)).toMatch(
      /the votes of term 2 were split, 2 for \d and 2 for \d, so nobody had a majority/,
    );
  }));

test("a message is inspected, dropped, delayed, doubled, held and released", () =>
  visit(DESKTOP, async (page) => {
    await page.getByRole("button", { name: "Heartbeat now" }).click();
    const flights = page.getByRole("region", { name: "Messages in flight" });
    const items = flights.getByRole("listitem");
    const calls = items.filter({ hasText: "AppendEntriesCall" });
    await stepUntil(page, async () => (await calls.count()) === 4);
    const count = await items.count();
    await calls.first().getByRole("button").click();
    expect(await flights.innerText()).toMatch(/I lead in term 1; all up to 2 is committed/);
    await flights.getByRole("button", { name: "Duplicate" }).click();
    expect(await items.count()).toBe(count + 1);
    await flights.getByRole("button", { name: "Drop" }).click();
    expect(await items.count()).toBe(count);
    expect(await events(page)).toMatch(/A message of \d to \d was lost/);
    await calls.first().getByRole("button").click();
    await flights.getByRole("button", { name: "Hold" }).click();
    await flights.getByRole("button", { name: "Release" }).click();
    await flights.getByRole("button", { name: "Delay 50 ms" }).click();
    expect(await items.count()).toBe(count);
    await flights.getByRole("button", { name: "Deliver now" }).click();
    expect(await items.count()).toBe(count - 1);
    await page.locator(".ring .flight").first().click();
    expect(await flights.locator(".chosen").count()).toBe(1);
    await save(page, "messages-by-hand");
  }));

test("the leader crashes with a part of its append on disk, and comes back", () =>
  visit(DESKTOP, async (page) => {
    const first = await leader(page);
    await page.getByRole("button", { name: "×5" }).click();
    await stepUntil(page, async () => (await page.locator(".actions .storing").count()) > 0, 5);
    await page.getByLabel("stored by then:").selectOption({ label: "2 of 5 entries" });
    await page.getByRole("button", { name: "Crash" }).click();
    expect((await roles(page))[first]).toBe("down");
    const row = page.locator(".state tbody tr", { hasText: "last entry" });
    expect(await row.innerText()).toMatch(/–\s+1\/4/);
    await stepUntil(page, async () => Object.values(await roles(page)).includes("leader"));
    await page.getByRole("button", { name: "Restart from disk" }).click();
    await stepUntil(page, async () => /drops its entries|takes no entries/.test(await events(page)));
    await save(page, "a-torn-append");
  }));

test("a partition leaves a stale leader; one way only is possible too", () =>
  visit(DESKTOP, async (page) => {
    const old = await leader(page);
    const network = page.getByRole("region", { name: "Network" });
    await network.getByRole("group").getByRole("button", { name: old, exact: true }).click();
    await network.getByRole("button", { name: "Split off" }).click();
    expect(await network.locator(".link.cut").count()).toBe(8);
    await stepUntil(
      page,
      async () => Object.values(await roles(page)).filter((role) => role === "leader").length === 2,
    );
    await select(page, old);
    await page.getByRole("button", { name: "Propose", exact: true }).click();
    await network.getByRole("button", { name: "Mend all" }).click();
    expect(await page.locator(".ring .cut").count()).toBe(0);
    await stepUntil(page, async () =>
      (await page.getByRole("region", { name: "Client requests" }).innerText()).includes("rejected"),
    );
    expect(await events(page)).toMatch(new RegExp(`${old} no longer leads: it has seen the later term`));
    await network.getByRole("button", { name: "Cut 1 to 2" }).click();
    expect(await page.locator(".ring .cut").count()).toBe(1);
    await save(page, "a-stale-leader");
  }));

test("time is stepped by event and by action, forwards and backwards", () =>
  visit(DESKTOP, async (page) => {
    const picture = (): Promise<string> => page.locator(".node-panel .actions").innerText();
    const start = await shownTime(page);
    for (let steps = 0; steps < 6; steps += 1) await page.getByRole("button", { name: "On by an event" }).click();
    const after = await shownTime(page);
    expect(after).toBeGreaterThan(start);
    const before = await picture();
    await page.getByRole("button", { name: "On by an action" }).click();
    await page.getByRole("button", { name: "Back by an action" }).click();
    expect(await picture()).toBe(before);
    for (let steps = 0; steps < 6; steps += 1) await page.getByRole("button", { name: "Back by an event" }).click();
    expect(await shownTime(page)).toBeLessThan(after);
  }));

test("acting in the past forks, and both branches are kept", () =>
  visit(DESKTOP, async (page) => {
    const first = await leader(page);
    await page.getByRole("slider", { name: "Time", exact: true }).fill("500000");
    expect(await shownTime(page)).toBeCloseTo(0.5, 2);
    await select(page, first);
    await page.getByRole("button", { name: "Crash" }).click();
    expect(await page.getByRole("status").innerText()).toMatch(/The past is kept as branch A; this is branch B/);
    expect((await roles(page))[first]).toBe("down");
    const branches = page.getByRole("navigation", { name: "Branches" });
    await branches.getByRole("button", { name: "A", exact: true }).click();
    expect((await roles(page))[first]).toBe("leader");
    await branches.getByRole("button", { name: /^B/ }).click();
    expect((await roles(page))[first]).toBe("down");
    await branches.getByRole("button", { name: "Forget branch A" }).click();
    expect(await branches.count()).toBe(0);
  }));

test("the whole scenario is in the address, and opens again", async () => {
  let hash = "";
  let told = "";
  await visit(DESKTOP, async (page) => {
    await page.getByRole("button", { name: "Client: propose" }).click();
    await page.getByRole("button", { name: "On by an event" }).click();
    await expect.poll(() => page.evaluate("location.hash.length")).toBeGreaterThan(100);
    await page.getByRole("button", { name: "Copy link" }).click();
    await expect.poll(() => page.locator("header .message").innerText()).toMatch(/The link holds|has the link/);
    hash = await page.evaluate("location.hash");
    told = await page.locator(".logs tbody").innerText();
  });
  await visit(
    DESKTOP,
    async (page) => {
      expect(await page.locator(".logs tbody").innerText()).toBe(told);
      expect(await page.getByRole("button", { name: "Play", exact: true }).count()).toBe(1);
    },
    { hash },
  );
});

test("a scenario of the crate plays in the page, and an address that is none is told", async () => {
  const text = "start 1,2,3\nfound 1 {1,2,3}\nsettle\nexpect 1 leader\npropose 1\nsettle";
  await visit(
    DESKTOP,
    async (page) => {
      expect(await roles(page)).toEqual({ 1: "leader", 2: "follower", 3: "follower" });
      await page.getByLabel("Scenario as text").fill("fly 1");
      await page.getByRole("button", { name: "Play this text" }).click();
      expect(await page.getByRole("status").innerText()).toMatch(/Not a scenario: line 1: "fly" is no verb/);
    },
    { hash: `#text=${encodeURIComponent(text)}` },
  );
  await visit(
    DESKTOP,
    async (page) => {
      expect(await page.getByRole("status").innerText()).toMatch(/holds no scenario/);
      await leader(page);
    },
    { hash: "#s=AAAA" },
  );
});

test("a forgotten vote ends in two leaders, with a way to just before", () =>
  visit(DESKTOP, async (page) => {
    await page.getByRole("button", { name: "Two leaders" }).click();
    const guarantees = page.getByRole("region", { name: "Guarantees" });
    expect(await guarantees.innerText()).toMatch(/✕ Election Safety[^✓]*\d and \d lead term 2/);
    expect(await events(page)).toMatch(
      /1 leads term 2 with the votes of 1 and 3[\s\S]*2 leads term 2 with the votes of 2 and 3/,
    );
    const text = await save(page, "a-forgotten-vote");
    expect(text).toMatch(/# broken: Election Safety\n$/);
    expect(Object.values(await roles(page)).filter((role) => role === "leader")).toHaveLength(2);
    await guarantees.getByRole("button", { name: "Go to just before the first violation" }).click();
    expect(Object.values(await roles(page)).filter((role) => role === "leader")).toHaveLength(1);
    await page.getByRole("button", { name: "On by an action" }).click();
    expect(Object.values(await roles(page)).filter((role) => role === "leader")).toHaveLength(2);
    await guarantees.getByText("Skip fsync").click();
    expect(await page.getByRole("status").innerText()).toMatch(/This run has ended/);
  }));

test("members change through joint consensus, with both majorities", () =>
  visit(DESKTOP, async (page) => {
    const members = page.getByRole("region", { name: "Members" });
    await members.getByRole("button", { name: "Add a node" }).click();
    await members.getByLabel("6", { exact: false }).first().selectOption("voter");
    const leaves = (await leader(page)) === "1" ? "2" : "1";
    await members.locator("label", { hasText: leaves }).getByRole("combobox").first().selectOption("none");
    await members.getByRole("button", { name: "Propose the change" }).click();
    expect(await members.innerText()).toMatch(/Joint consensus: whatever is decided now needs both majorities/);
    const majorities = page.locator(".majorities");
    expect(await majorities.innerText()).toMatch(/old voters[\s\S]*new voters/);
    await stepUntil(page, async () => !(await majorities.innerText()).includes("old voters"), 800);
    expect(await members.locator("h2").innerText()).toContain(leaves === "1" ? "{2,3,4,5,6}" : "{1,3,4,5,6}");
    await save(page, "joint-consensus");
  }));

test("a snapshot stands for entries, and reaches who lacks them", () =>
  visit(DESKTOP, async (page) => {
    const first = await leader(page);
    const other = first === "1" ? "2" : "1";
    await select(page, other);
    await page.getByRole("button", { name: "Crash" }).click();
    await page.getByRole("button", { name: "×10" }).click();
    await stepUntil(page, async () =>
      (await page.getByRole("region", { name: "Client requests" }).innerText()).includes("committed"),
    );
    await select(page, first);
    await page.getByRole("button", { name: "Snapshot", exact: true }).click();
    expect(await events(page)).toMatch(new RegExp(`${first} took a snapshot up to 1/12`));
    expect(await page.locator(".logs td.snapshot.edge").count()).toBe(1);
    await select(page, other);
    await page.getByRole("button", { name: "Restart from disk" }).click();
    await stepUntil(page, async () => (await page.locator(".logs td.snapshot.edge").count()) === 2, 600);
    await save(page, "a-snapshot");
  }));

test("everything goes by keyboard", () =>
  visit(DESKTOP, async (page) => {
    const time = await shownTime(page);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("Shift+ArrowRight");
    expect(await shownTime(page)).toBeGreaterThanOrEqual(time);
    await page.keyboard.press("3");
    expect(await page.locator(".node-panel h2").innerText()).toMatch(/Node 3/);
    await page.keyboard.press("c");
    expect((await roles(page))["3"]).toBe("down");
    await page.keyboard.press("c");
    expect((await roles(page))["3"]).toBe("follower");
    await page.keyboard.press("Shift+P");
    expect(await page.getByRole("region", { name: "Client requests" }).innerText()).toContain("in-progress");
    await page.keyboard.press("t");
    await page.keyboard.press("Space");
    expect(await page.getByRole("button", { name: "Pause" }).count()).toBe(1);
    await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement !== document.body")).toBe(true);
  }));

test.each(["light", "dark"] as const)("axe finds nothing serious in %s", (colorScheme) =>
  visit({ ...DESKTOP, colorScheme }, async (page) => {
    await page.getByRole("button", { name: "Client: propose" }).click();
    await page.getByRole("button", { name: "Heartbeat now" }).click();
    await stepUntil(page, async () => (await page.locator(".ring .flight").count()) > 0, 20);
    await page.locator(".flights li button").first().click();
    await page.getByRole("button", { name: "Cut 1 to 2" }).click();
    expect(await seriousProblems(page)).toEqual([]);
  }),
);

test("who wants no motion gets a page that stands still", () =>
  visit(
    { ...DESKTOP, reducedMotion: "reduce" },
    async (page) => {
      expect(await page.getByRole("button", { name: "Play", exact: true }).count()).toBe(1);
      await leader(page);
    },
    { isPaused: false },
  ));

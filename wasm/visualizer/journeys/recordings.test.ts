import { readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Page } from "playwright-core";
import { expect, test } from "vitest";
import { DESKTOP, PHONE, leader, roles, seriousProblems, shownTime, visit, withBrowser } from "./tools.js";

withBrowser();

/** Presses a button that gives a file, and reads that. */
async function exported(page: Page, name: string): Promise<{ readonly file: string; readonly text: string }> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name, exact: true }).click(),
  ]);
  return { file: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}

/** Something has happened: an entry is replicated, a node has crashed. */
async function act(page: Page): Promise<void> {
  const first = await leader(page);
  await page.getByRole("button", { name: "Client: propose" }).click();
  for (let step = 0; step < 20; step += 1) await page.getByRole("button", { name: "On by an event" }).click();
  const other = first === "1" ? "2" : "1";
  await page.getByRole("group", { name: "Select a node" }).getByRole("button", { name: other, exact: true }).click();
  await page.getByRole("button", { name: "Crash" }).click();
  for (let step = 0; step < 10; step += 1) await page.getByRole("button", { name: "On by an event" }).click();
}

/** What the space-time diagram and the logs show. */
async function picture(page: Page): Promise<unknown> {
  await page.mouse.move(0, 0);
  const plot = await page
    .locator(".strip svg > *")
    .evaluateAll((all) => all.map((one) => `${one.getAttribute("points") ?? ""}${one.textContent}`));
  const logs = await page
    .locator(".logs tbody")
    .evaluate((body) =>
      [...body.querySelectorAll("tr")].map((row) =>
        [...row.querySelectorAll("th, td.entry")].map(({ textContent }) => textContent),
      ),
    );
  return { plot, logs, roles: await roles(page) };
}

test.each([
  ["desktop", DESKTOP],
  ["phone", PHONE],
])("a run is exported, and watched again: the same picture: %s", (device, options) =>
  visit(options, async (page) => {
    await act(page);
    const before = await picture(page);
    const end = await shownTime(page);
    const { file, text } = await exported(page, "JSON lines");
    expect(file).toBe("recording.jsonl");
    const events = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { at: number; did: string });
    expect(events.map(({ did }) => did)).toEqual(
      expect.arrayContaining(["start", "timeout", "send", "receive", "propose", "crash"]),
    );
    expect(Math.abs(events.at(-1)!.at / 1e6 - end)).toBeLessThan(0.1);
    const path = join(tmpdir(), `raftbare-${device}-recording.jsonl`);
    writeFileSync(path, text);
    await page.getByLabel("Recording as a file").setInputFiles(path);
    const bar = page.getByRole("region", { name: "Recording", exact: true });
    await bar.waitFor();
    expect(await bar.innerText()).toMatch(/recording.jsonl: \d+ events of 5 nodes .* watched, not changed/);
    expect(await picture(page)).toEqual(before);

    // It is watched like a run …
    await page.getByRole("button", { name: "Back by an event" }).click();
    expect(await shownTime(page)).toBeLessThanOrEqual(end);
    await page.getByRole("slider", { name: "Time", exact: true }).fill("400000");
    expect(await shownTime(page)).toBeCloseTo(0.4, 2);
    expect(Object.values(await roles(page))).toContain("leader");
    await page.getByRole("button", { name: "Play", exact: true }).click();
    await expect.poll(() => shownTime(page)).toBeGreaterThan(0.4);
    await page.getByRole("button", { name: "Pause" }).click();
    // … and not changed.
    const propose = page.getByRole("button", { name: "Client: propose" });
    expect(await propose.isDisabled()).toBe(true);
    await page.locator("h1").click();
    await page.keyboard.press("c");
    expect(await page.getByRole("status").innerText()).toMatch(/A recording can be watched, not changed/);
    expect(await seriousProblems(page)).toEqual([]);
    await bar.getByRole("button", { name: "Back to the simulation" }).click();
    expect(await picture(page)).toEqual(before);
    expect(await propose.isEnabled()).toBe(true);
  }),
);

test("a recording is dropped on the page, and what is none is refused with its line", () =>
  visit(DESKTOP, async (page) => {
    const drop = (name: string, text: string): Promise<void> =>
      page.evaluate(
        ([name, text]) => {
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([text!], name!));
          document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
        },
        [name, text],
      );
    const status = page.getByRole("status");
    await drop("broken.jsonl", '{"at":1,"node":1,"did":"start"}\n{"at":2}\n');
    await expect.poll(() => status.innerText()).toMatch(/^broken.jsonl cannot be shown: line 2: "node" has to be/);
    const told = [
      '{"at":0,"node":7,"did":"start","board":"pico","now":"7 follower t1 vote - commit 0 snapshot {} log 0/0[config({7,8})]"}',
      '{"at":900,"node":7,"did":"timeout","now":"7 candidate t2 vote 7 commit 0 snapshot {} log 0/0[config({7,8})]"}',
      '{"at":1000,"node":7,"did":"send","to":8,"message":"7 t2 #1 RequestVoteCall last 0/1"}',
      '{"at":1500,"node":8,"did":"overheated"}',
    ];
    await drop("board.jsonl", told.join("\n"));
    await expect.poll(() => status.innerText()).toMatch(/This is the end of the recording/);
    expect(await roles(page)).toEqual({ 7: "candidate", 8: "follower" });
    expect(await page.getByRole("log").innerText()).toMatch(/8: overheated\.[\s\S]*7 stands for election in term 2/);
  }));

test("a log for ShiViz has its regular expression and clocks", () =>
  visit(DESKTOP, async (page) => {
    await act(page);
    const { file, text } = await exported(page, "ShiViz log");
    expect(file).toBe("shiviz.log");
    const [expression, delimiter, ...log] = text.split("\n");
    expect([expression, delimiter]).toEqual([String.raw`(?<event>.*)\n(?<host>\S*) (?<clock>{.*})`, ""]);
    const events = [...log.join("\n").matchAll(new RegExp(expression!, "g"))];
    expect(events.length).toBeGreaterThan(100);
    for (const { groups } of events) {
      const clock = JSON.parse(groups!.clock!) as Record<string, number>;
      expect(clock[groups!.host!], groups!.event).toBeGreaterThan(0);
    }
  }));

test.each([
  ["SVG of the ring", "ring.svg", />★ leader</],
  ["SVG of space-time", "space-time.svg", />t1 leader</],
])("%s opens alone", (name, file, content) =>
  visit(DESKTOP, async (page) => {
    const svg = await exported(page, name);
    expect(svg.file).toBe(file);
    expect(svg.text).toMatch(content);
    expect(svg.text).not.toMatch(/var\(|class=|<script|href=/);
    const path = join(tmpdir(), `raftbare-${file}`);
    writeFileSync(path, svg.text);
    const alone = await page.context().newPage();
    await alone.goto(`file://${path}`);
    expect(await alone.locator("text").count()).toBeGreaterThan(5);
    expect(await alone.locator("parsererror").count()).toBe(0);
  }),
);

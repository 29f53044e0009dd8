// Makes the pictures of the README: node scripts/screenshots.mjs FOLDER
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
// Root may start no sandbox.
const args = ["--disable-dev-shm-usage", "--disable-gpu", ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])];
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args });

/** Opens the page as one who wants no motion: then it stands still, and the pictures are the same each time. */
async function picture(name, options, act) {
  const page = await browser.newPage({ reducedMotion: "reduce", ...options });
  await page.goto(pathToFileURL(process.env.RAFTBARE_PAGE).href);
  await page.locator(".ring .node").first().waitFor();
  await act(page);
  await page.mouse.move(0, 0);
  const file = join(folder, `${name}.png`);
  await page.screenshot({ path: file });
  await page.close();
  console.log(file);
}

const button = (page, name) => page.getByRole("button", { name, exact: true });

async function steps(page, count) {
  for (let step = 0; step < count; step += 1) await button(page, "On by an event").click();
}

async function splitVote(page) {
  await button(page, "Split the vote").click();
  await button(page, "Pause").click();
  while (!(await page.getByRole("log").innerText()).match(/term 2 went to[\s\S]*term 2 went to/)) await steps(page, 1);
}

const desktop = { width: 1280, height: 960 };
await picture("replication", { viewport: { width: 1280, height: 940 }, colorScheme: "light" }, async (page) => {
  await button(page, "×10").click();
  await steps(page, 12);
  await button(page, "Client: propose").click();
  await steps(page, 7);
  await page.getByRole("slider", { name: "Time", exact: true }).fill("1067000");
  await page.evaluate("scrollTo(0, 0)"); // that button is far below
});
await picture("split-vote", { viewport: desktop, colorScheme: "dark" }, splitVote);
await picture("phone", { viewport: { width: 390, height: 844 }, colorScheme: "light" }, splitVote);
await picture("space-time", { viewport: { width: 1280, height: 1000 }, colorScheme: "light" }, async (page) => {
  await splitVote(page);
  const roles = page.locator(".ring .role");
  while (!(await roles.allTextContents()).some((role) => role.startsWith("★"))) await steps(page, 1);
  await steps(page, 6);
  await button(page, "Client: propose").click();
  const flights = page.getByRole("region", { name: "Messages in flight" });
  await flights.getByRole("listitem").last().getByRole("button").click();
  await button(page, "Duplicate").click();
  await button(page, "Drop").click();
  await flights.getByRole("listitem").first().getByRole("button").click();
  await button(page, "Delay 50 ms").click();
  await steps(page, 20);
  await page.getByRole("region", { name: "Space-time" }).evaluate((card) => card.scrollIntoView());
});
await picture("storage", { viewport: { width: 1280, height: 1000 }, colorScheme: "light" }, async (page) => {
  await button(page, "Learn").click();
  await page.getByRole("button", { name: /Disks that take their time/ }).click();
  for (let step = 0; step < 7; step += 1) await button(page, "Next").click();
});
await picture("lesson", { viewport: { width: 1280, height: 1000 }, colorScheme: "light" }, async (page) => {
  await button(page, "Learn").click();
  await page.getByRole("button", { name: /When a majority is not enough/ }).click();
  for (let step = 0; step < 3; step += 1) await button(page, "Next").click();
  await page.getByText("The code:").click();
});
await browser.close();

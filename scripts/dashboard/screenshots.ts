// Pictures of every page of a dashboard that is being served, for the documents: light and dark, wide and narrow.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Command } from "commander";
import type { Browser, Page } from "playwright-core";
import { chromium } from "playwright-core";

/** Highest picture, pixels: what is below is of no interest to somebody who wants to know what a page looks like. */
const MAX_HEIGHT = 2_400;

/** How often a page is looked at until it stops growing, and the milliseconds between two looks: answers take that long. */
const MAX_LOOKS = 5;
const LOOK_AGAIN_MS = 1_500;

/** Of WebP, from 0 to 1. */
const QUALITY = 0.75;

/** How a page is looked at. */
const LOOKS = [
  { name: "light-wide", width: 1280, colorScheme: "light" },
  { name: "dark-wide", width: 1280, colorScheme: "dark" },
  { name: "light-narrow", width: 390, colorScheme: "light" },
  { name: "dark-narrow", width: 390, colorScheme: "dark" },
] as const;

/** Pages by their names in the pictures; an anchor is the first link of the page above that opens one of its kind. */
const PAGES = [
  { name: "overview", path: "" },
  { name: "tasks", path: "tasks" },
  { name: "task", path: "tasks", link: /^#\/tasks\/0x/ },
  { name: "new-task", path: "tasks/new", press: "Compile" },
  { name: "miner", path: "miner" },
  { name: "disputes", path: "disputes" },
  { name: "dispute", path: "disputes", link: /^#\/disputes\/0x/ },
  { name: "models", path: "models" },
  { name: "model", path: "models", link: /^#\/models\/0x/ },
  { name: "market", path: "models", link: /^#\/markets\/0x/ },
  { name: "stake", path: "stake" },
] as const;

interface Options {
  readonly out: string;
  readonly model: readonly string[];
  readonly market: readonly string[];
  readonly chromium: string;
}

await new Command("npm run screenshots --")
  .description("Takes pictures of every page of a dashboard, as `npm start` prints its address.")
  .argument("<url>", "the dashboard, with its #token=... if it has one")
  .option("--out <folder>", "where the pictures go", "docs/images")
  .option("--model <trainers...>", "shared models to list", [])
  .option("--market <markets...>", "prediction markets to list", [])
  .option("--chromium <file>", "the browser", "/usr/bin/chromium")
  .action(takeAll)
  .parseAsync(process.argv);

async function takeAll(url: string, options: Options): Promise<void> {
  const browser = await chromium.launch({ executablePath: options.chromium, args: ["--no-sandbox"] });
  try {
    await mkdir(options.out, { recursive: true });
    for (const look of LOOKS) await takeLook(browser, url, look, options);
  } finally {
    await browser.close();
  }
}

async function takeLook(
  browser: Browser,
  url: string,
  { name: suffix, width, colorScheme }: (typeof LOOKS)[number],
  { out, model, market }: Options,
): Promise<void> {
  const viewport = { width, height: 900 };
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
  const lists = { "gristmill.models": JSON.stringify(model), "gristmill.markets": JSON.stringify(market) };
  await context.addInitScript({ content: `Object.assign(localStorage, ${JSON.stringify(lists)})` });
  const page = await context.newPage();
  await page.goto(url);
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByRole("menuitem", { name: "#0 " }).click();
  const [root] = page.url().split("#");
  for (const { name, path, ...more } of PAGES) {
    await page.goto(`${root ?? ""}#/${path}`);
    if ("link" in more && !(await follow(page, more.link))) continue;
    if ("press" in more) await page.getByRole("button", { name: more.press }).click();
    await settled(page);
    await take(page, width, join(out, `dashboard-${name}-${suffix}.webp`));
  }
  await context.close();
}

/** Follows the first link to a page of a kind; false if there is none. */
async function follow(page: Page, link: RegExp): Promise<boolean> {
  await settled(page);
  const targets = await page.evaluate<readonly string[]>(
    `[...document.querySelectorAll("a[href^='#/']")].map((link) => link.getAttribute("href"))`,
  );
  const target = targets.find((href) => link.test(href));
  if (target === undefined) return false;
  await page.locator(`a[href="${target}"]`).first().click();
  return true;
}

/** Waits until the page has read what it shows and stops growing; a page that grows on and on is taken as it is. */
async function settled(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.waitForLoadState("networkidle", { timeout: 5_000 }).catch(() => undefined);
  for (let height = 0, looks = 0; looks < MAX_LOOKS; ++looks) {
    const now = await page.evaluate<number>("document.documentElement.scrollHeight");
    if (now === height) return;
    height = now;
    await page.waitForTimeout(LOOK_AGAIN_MS);
  }
}

/** WebP by the browser itself: a third of the PNG. */
async function take(page: Page, width: number, file: string): Promise<void> {
  const height = Math.min(MAX_HEIGHT, await page.evaluate<number>("document.documentElement.scrollHeight"));
  await page.setViewportSize({ width, height });
  const png = (await page.screenshot()).toString("base64");
  await page.setViewportSize({ width, height: 900 });
  const canvas = await page.context().newPage();
  const base64 = await canvas.evaluate<string>(`(async () => {
    const image = new Image();
    image.src = "data:image/png;base64,${png}";
    await image.decode();
    const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", ${QUALITY}).split(",")[1];
  })()`);
  await canvas.close();
  await writeFile(file, Buffer.from(base64, "base64"));
}

// Pictures of every page of a dashboard that is being served, for the documents: light and dark, wide and narrow.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { Command } from "commander";
import type { Browser, Page } from "playwright-core";
import { chromium } from "playwright-core";

/** Highest picture, pixels: what is below is of no interest to somebody who wants to know what a page looks like. */
const MAX_HEIGHT = 2_400;

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
  await context.addInitScript((given: Readonly<Record<string, string>>) => {
    for (const [key, value] of Object.entries(given)) localStorage.setItem(key, value);
  }, lists);
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
  const targets = await page.locator("a[href^='#/']").evaluateAll((links) => links.map((a) => a.getAttribute("href")));
  const target = targets.find((href) => href !== null && link.test(href));
  if (target === undefined || target === null) return false;
  await page.locator(`a[href="${target}"]`).first().click();
  return true;
}

/** Waits until the page has read what it shows; a page that reads on and on is taken as it is. */
async function settled(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.waitForLoadState("networkidle", { timeout: 5_000 }).catch(() => undefined);
}

/** WebP by the browser itself: a third of the PNG. */
async function take(page: Page, width: number, file: string): Promise<void> {
  const height = Math.min(MAX_HEIGHT, await page.evaluate<number>("document.documentElement.scrollHeight"));
  const png = await page.screenshot({ fullPage: true, clip: { x: 0, y: 0, width, height } });
  const canvas = await page.context().newPage();
  const base64 = await canvas.evaluate(
    async ([source, quality]) => {
      const image = new Image();
      image.src = `data:image/png;base64,${source}`;
      await image.decode();
      const target = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
      target.getContext("2d")?.drawImage(image, 0, 0);
      return target.toDataURL("image/webp", quality).split(",")[1] ?? "";
    },
    [png.toString("base64"), QUALITY] as const,
  );
  await canvas.close();
  await writeFile(file, Buffer.from(base64, "base64"));
}

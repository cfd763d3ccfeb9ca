import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

import type { Browser, Page } from "playwright-core";
import { chromium } from "playwright-core";

/** Where Debian's package puts the browser. */
const CHROMIUM = "/usr/bin/chromium";

/** Whether this machine has the browser that the tests drive. */
export const hasChromium = existsSync(CHROMIUM);

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** How a page is looked at. */
export interface PageOptions {
  readonly dark?: boolean;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
}

/** Chromium, in which every page has a profile of its own. */
export class TestBrowser {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(): Promise<TestBrowser> {
    return new TestBrowser(await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] }));
  }

  /** A page without a wallet. */
  async open(url: string, { dark = false, width = 1280, height = 900 }: PageOptions = {}): Promise<Page> {
    const context = await this.#browser.newContext({
      viewport: { width, height },
      colorScheme: dark ? "dark" : "light",
      reducedMotion: "reduce",
    });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  async stop(): Promise<void> {
    await this.#browser.close();
  }
}

/** Connects one of the chain's unlocked accounts. */
export async function connectUnlocked(page: Page, index: number): Promise<void> {
  await page.getByRole("banner").getByRole("button").and(page.locator("[aria-haspopup=menu]")).click();
  await page.getByRole("menuitem", { name: `#${index} ` }).click();
  await page.getByRole("menu").waitFor({ state: "hidden" });
}

/** What the page says of a transaction when it is over. */
export async function outcomeOf(page: Page, label: string): Promise<string> {
  const note = page.getByRole("status", { name: label, exact: true }).first();
  await note.and(page.locator("[data-status=done], [data-status=failed]")).waitFor();
  return note.innerText();
}

/** What axe finds serious or critical on the page, as lines. */
export async function seriousFaults(page: Page): Promise<readonly string[]> {
  if (!(await page.evaluate<boolean>("'axe' in globalThis"))) await page.evaluate(AXE);
  return page.evaluate(async () => {
    interface Fault {
      readonly id: string;
      readonly impact: string;
      readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
    }
    const { axe } = globalThis as unknown as {
      axe: { run: (options: object) => Promise<{ violations: readonly Fault[] }> };
    };
    // What passed is of no interest, and takes time to be described.
    const { violations } = await axe.run({ resultTypes: ["violations"] });
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
      );
  });
}

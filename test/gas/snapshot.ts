import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

import { expect } from "chai";

const FOLDER = new URL("snapshots/", import.meta.url);

/**
 * Compares a figure of gas with the committed one, which must be equal: gas changes only on purpose. With
 * UPDATE_SNAPSHOTS=1 in the environment the figure is written instead.
 * @param name `FILE: WHAT`, kept as WHAT in `snapshots/FILE.json`
 * @param limit the most that is promised, whatever the snapshot says
 * @param tolerance by which the figure may differ, where calldata follows from a seed that is another in every run
 */
export function snapshot(name: string, gas: bigint, limit?: bigint, tolerance = 0): void {
  const [file, what] = split(name);
  const url = new URL(`${file}.json`, FOLDER);
  const figures = read(url);
  if (process.env["UPDATE_SNAPSHOTS"] === "1") {
    const updated = Object.entries({ ...figures, [what]: Number(gas) }).sort(([a], [b]) => (a < b ? -1 : 1));
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(url, `${JSON.stringify(Object.fromEntries(updated), undefined, 2)}\n`);
  } else {
    const hint = "run the test with UPDATE_SNAPSHOTS=1 if that is meant";
    const committed = figures[what] ?? 0;
    expect(Number(gas), `gas of ${name} differs from ${url.pathname}: ${hint}`).to.be.closeTo(committed, tolerance);
  }
  if (limit !== undefined) expect(gas <= limit, `gas of ${name}: ${gas}, promised ${limit} at most`).to.equal(true);
}

function split(name: string): [string, string] {
  const at = name.indexOf(": ");
  if (at < 1) expect.fail(`a snapshot's name is "FILE: WHAT", this is "${name}"`);
  return [name.slice(0, at), name.slice(at + 2)];
}

function read(url: URL): Record<string, number> {
  try {
    return JSON.parse(readFileSync(url, "utf8")) as Record<string, number>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

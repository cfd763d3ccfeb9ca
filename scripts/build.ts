// Builds the packages as they are published: in JavaScript, since Node runs TypeScript only outside node_modules.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseArgs } from "node:util";

import { buildDashboard, DASHBOARD, firstLoad } from "./dashboard/build.ts";
import { SDK_CONTRACTS } from "./generate/sdk-contracts.ts";

const ROOT = dirname(import.meta.dirname);

/** In the order of their needs. */
const PACKAGES = ["sdk", "oracle"] as const;

const HELP = `Usage: npm run build -- --all

Compiles ${PACKAGES.map((name) => `${name}/dist`).join(" and ")}, builds the dashboard, and assembles what npm publishes
in dist/NAME: npm publish ./dist/sdk

Compile the contracts first (npx hardhat build): the SDK's entry for ethers is made of what that generates.`;

interface Manifest {
  readonly exports?: unknown;
  readonly imports?: unknown;
  readonly [field: string]: unknown;
}

/** The same value with "./src/x.ts" turned into "./dist/x.js" wherever it stands. */
function built(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/^\.\/src\/(.*)\.ts$/, "./dist/$1.js");
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, built(item)]));
}

/** Builds the dashboard into the package of the node, which serves it. */
async function packDashboard(): Promise<void> {
  await buildDashboard();
  cpSync(DASHBOARD, join(ROOT, "dist", "oracle", "dashboard"), { recursive: true });
  console.log(`built dist/oracle/dashboard: ${firstLoad(DASHBOARD)} bytes of compressed script at first`);
}

/** Whether the package compiles. */
function buildPackage(name: (typeof PACKAGES)[number]): boolean {
  const source = join(ROOT, name);
  const target = join(ROOT, "dist", name);
  rmSync(join(source, "dist"), { recursive: true, force: true });
  rmSync(target, { recursive: true, force: true });
  const { status } = spawnSync("tsc", ["--project", join(source, "tsconfig.build.json")], { stdio: "inherit" });
  if (status !== 0) return false;

  const manifest = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as Manifest;
  const { exports, imports, ...rest } = manifest;
  cpSync(join(source, "dist"), join(target, "dist"), { recursive: true });
  if (existsSync(join(source, "bin"))) cpSync(join(source, "bin"), join(target, "bin"), { recursive: true });
  for (const file of [join(ROOT, "LICENSE"), join(source, "README.md")]) {
    if (existsSync(file)) cpSync(file, join(target, basename(file)));
  }
  if (name === "sdk" && !buildEthersEntry(join(target, "dist", "ethers"))) return false;
  const published = { ...rest, exports: built(exports), imports: built(imports) };
  writeFileSync(join(target, "package.json"), `${JSON.stringify(published, undefined, 2)}\n`);
  console.log(`built dist/${name}`);
  return true;
}

/**
 * Compiles the TypeChain factories of the SDK's contracts to what `@gristmill/sdk/ethers` names. They carry the contracts'
 * bytecode, megabytes that are made anew from the sources each time, so they are in the package and not in the repository.
 */
function buildEthersEntry(target: string): boolean {
  const generated = join(ROOT, "types", "ethers-contracts");
  const work = join(ROOT, "cache", "sdk-ethers");
  rmSync(work, { recursive: true, force: true });
  // Its own index and the augmentation of Hardhat know all contracts, mocks included.
  cpSync(generated, work, { recursive: true, filter: (path) => !/(^|\/)(mocks|index\.ts|hardhat\.d\.ts)$/.test(path) });
  const lines = SDK_CONTRACTS.flatMap((name) => {
    const [type] = globSync(`**/${name}.ts`, { cwd: work });
    const [factory] = globSync(`factories/**/${name}__factory.ts`, { cwd: work });
    if (type === undefined || factory === undefined) return [];
    return [
      `export type { ${name} } from "./${type.replace(/ts$/, "js")}";`,
      `export { ${name}__factory } from "./${factory.replace(/ts$/, "js")}";`,
    ];
  });
  if (lines.length < 2 * SDK_CONTRACTS.length) {
    console.error("types/ethers-contracts lacks contracts: compile them, npx hardhat build");
    return false;
  }
  writeFileSync(join(work, "index.ts"), `${lines.join("\n")}\n`);
  const project = {
    extends: "../../tsconfig.base.json",
    compilerOptions: {
      noEmit: false,
      declaration: true,
      rootDir: ".",
      outDir: target,
      types: [],
      erasableSyntaxOnly: false,
    },
    files: ["index.ts"],
  };
  writeFileSync(join(work, "tsconfig.json"), JSON.stringify(project));
  return spawnSync("tsc", ["--project", work], { stdio: "inherit" }).status === 0;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { all: { type: "boolean" } } });
  if (values.all !== true) {
    console.log(HELP);
    return 0;
  }
  if (!PACKAGES.every(buildPackage)) return 1;
  await packDashboard();
  return 0;
}

process.exitCode = await main();

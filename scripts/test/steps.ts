import { globSync } from "node:fs";

/** One line of `npm test`. */
export interface Step {
  readonly name: string;
  readonly about: string;
  /** A step that runs before this one, also where only this one is named. */
  readonly needs?: string;
  /** Whether it needs the whole machine, because it runs many processes that keep each other's deadlines. */
  readonly alone?: true;
  /** Whether it takes minutes and is run only where it is named or everything is asked for. */
  readonly long?: true;
  /** Whether the commands are test runners, of which each must find a test. */
  readonly tests?: true;
  /** Run one after the other, all of them even if one fails; what they print is the step's output. */
  readonly commands: readonly (readonly [program: string, ...args: string[]])[];
}

const node = (script: string, ...args: string[]) => ["node", script, ...args] as const;
const documents = globSync(["*.md", "{contracts,deployments,docs,oracle,scripts,sdk,test}/**/*.md"], {
  exclude: (name) => name === "node_modules",
})
  // The design speaks of what is still to come as well.
  .filter((name) => !name.endsWith("DESIGN.md"))
  .sort();
// Tests and mocks are bound by fewer rules: gas, size and low-level calls are not their concern.
const solhint = (files: string, config: string) =>
  ["solhint", "--disc", "--noPoster", "--max-warnings", "0", "--config", config, files] as const;
/** Test files of a folder: those that run in seconds, or those that are named `*.long.test.ts`. */
const tests = (folder: string, kind: "short" | "long") =>
  globSync(`test/${folder}/**/*.test.ts`)
    .filter((name) => name.endsWith(".long.test.ts") === (kind === "long"))
    .sort();
const mocha = (files: readonly string[], ...options: string[]) =>
  ["mocha", "--forbid-only", ...options, ...files] as const;
const hardhatMocha = (files: readonly string[]) => ["hardhat", "test", "mocha", "--no-compile", ...files] as const;

/** In the order in which they start: what others need comes first, and what takes long before what does not. */
export const STEPS: readonly Step[] = [
  {
    name: "build",
    about: "compiles the contracts",
    commands: [["hardhat", "build"], node("scripts/checks/warnings.ts", "artifacts/build-info")],
  },
  { name: "oracle", about: "unit tests of the node", tests: true, commands: [mocha(tests("oracle", "short"))] },
  { name: "format", about: "prettier over everything", commands: [["prettier", "--check", "."]] },
  {
    name: "docs",
    about: "links, commands, snippets and named tests of the documents",
    commands: [node("scripts/checks/docs.ts", ...documents)],
  },
  {
    name: "solhint",
    about: "lint of the contracts",
    commands: [
      solhint("contracts/!(mocks)/**/*.sol", ".solhint.json"),
      solhint("{contracts/mocks,test}/**/*.sol", ".solhint.test.json"),
    ],
  },
  {
    name: "contracts",
    about: "contract tests in TypeScript",
    needs: "build",
    tests: true,
    commands: [hardhatMocha(tests("contracts", "short"))],
  },
  {
    name: "lint",
    about: "oxlint over TypeScript, types included",
    needs: "build",
    commands: [["oxlint"], node("scripts/checks/inline-config.ts")],
  },
  {
    name: "packages",
    about: "builds the packages as published and the dashboard; the SDK's interface and its size in a browser",
    needs: "build",
    commands: [
      node("scripts/build.ts", "--all"),
      node("scripts/checks/api-report.ts", "--check"),
      node("scripts/checks/bundle-sizes.ts", "--check"),
    ],
  },
  {
    name: "generated",
    about: "the SDK's ABIs and address book are those of the contracts and deployments",
    needs: "build",
    commands: [node("scripts/generate-sdk.ts", "--check")],
  },
  {
    name: "fuzz",
    about: "contract tests in Solidity: fuzzing and invariants",
    needs: "build",
    tests: true,
    commands: [["hardhat", "test", "solidity", "--no-compile"]],
  },
  {
    name: "sdk",
    about: "unit tests of the SDK, its actions on a chain in the process",
    needs: "build",
    tests: true,
    commands: [mocha(tests("sdk", "short"))],
  },
  {
    name: "scripts",
    about: "tests of the scripts: the cookbook, the documents, simulations",
    needs: "build",
    tests: true,
    commands: [mocha(tests("scripts", "short"))],
  },
  {
    name: "dashboard",
    about: "the dashboard in a browser, over a chain of its own",
    needs: "build",
    // Two minutes is what people wait for it: its two files are two runs of a chain, nodes and a browser.
    alone: true,
    tests: true,
    commands: [mocha(tests("dashboard", "short"), "--parallel", "--jobs", "2")],
  },
  {
    name: "e2e",
    about: "one whole run: chain, deployment, all roles, payment",
    needs: "build",
    alone: true,
    tests: true,
    commands: [mocha(tests("e2e", "short"))],
  },
  {
    name: "contracts-long",
    about: "hundreds of mutated disputes, nodes that are killed at every step, hunts for bounties",
    needs: "build",
    long: true,
    tests: true,
    commands: [hardhatMocha(tests("contracts", "long"))],
  },
  {
    name: "scripts-long",
    about: "deployment on development chains, twice and after being killed half-way",
    needs: "build",
    long: true,
    tests: true,
    commands: [mocha(tests("scripts", "long"))],
  },
  {
    name: "install",
    about: "the packages in an empty project, on the oldest Node that they name and this one; asks npm's registry",
    needs: "packages",
    long: true,
    tests: true,
    commands: [mocha(tests("packages", "long"))],
  },
  {
    name: "e2e-long",
    about: "whole runs with cheats, a killed miner, several tasks, a chain of its own",
    needs: "build",
    long: true,
    alone: true,
    tests: true,
    commands: [mocha(tests("e2e", "long"))],
  },
];

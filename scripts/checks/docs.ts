// Checks what the documents say against the repository: links, commands, tests named in PROPERTIES, snippets.

import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

const ROOT = dirname(dirname(import.meta.dirname));
const SNIPPETS = join(ROOT, "cache", "snippets");

interface Problem {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** A Markdown file of the repository, taken apart. */
interface Document {
  readonly file: string;
  readonly lines: readonly string[];
  /** Code blocks and code in a line, with the line they begin on. */
  readonly code: readonly { readonly language: string; readonly line: number; readonly text: string }[];
}

function readDocument(file: string): Document {
  const lines = readFileSync(join(ROOT, file), "utf8").split("\n");
  const code: { language: string; line: number; text: string }[] = [];
  let block: { language: string; line: number; text: string } | undefined;
  for (const [index, line] of lines.entries()) {
    const fence = /^\s*```(\w*)/.exec(line);
    if (fence !== null) {
      if (block === undefined) block = { language: fence[1] ?? "", line: index + 2, text: "" };
      else {
        code.push(block);
        block = undefined;
      }
    } else if (block !== undefined) {
      block.text += `${line}\n`;
    } else {
      for (const [, text = ""] of line.matchAll(/`([^`]+)`/g)) code.push({ language: "inline", line: index + 1, text });
    }
  }
  return { file, lines, code };
}

/** The anchor that a Markdown viewer gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

function* linkProblems({ file, lines }: Document): Generator<Problem> {
  for (const [index, line] of lines.entries()) {
    for (const [, target = ""] of line.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = "", anchor] = target.split("#");
      const linked = path === "" ? file : relative(ROOT, join(ROOT, dirname(file), path));
      if (!existsSync(join(ROOT, linked))) {
        yield { file, line: index + 1, text: `links to ${target}, which does not exist` };
      } else if (anchor !== undefined && linked.endsWith(".md")) {
        const headings = readDocument(linked).lines.filter((text) => text.startsWith("#"));
        if (!headings.some((heading) => anchorOf(heading.replace(/^#+/, "")) === anchor)) {
          yield { file, line: index + 1, text: `links to ${target}: no such heading` };
        }
      }
    }
  }
}

function* commandProblems({ file, code }: Document): Generator<Problem> {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object };
  for (const { line, text } of code) {
    for (const [, run, name = ""] of text.matchAll(/\bnpm (run )?([a-z][\w:-]*)/g)) {
      const isScript = run !== undefined || name === "start" || name === "test";
      if (isScript && !(name in scripts))
        yield { file, line, text: `npm run ${name}: package.json has no such script` };
    }
    for (const [, script = ""] of text.matchAll(/\bnode ((?:scripts|oracle|sdk)\/[\w./-]+)/g)) {
      if (!existsSync(join(ROOT, script))) yield { file, line, text: `node ${script}: no such file` };
    }
    for (const [, program = ""] of text.matchAll(/\bnpx ([a-z][\w-]*)/g)) {
      if (!existsSync(join(ROOT, "node_modules", ".bin", program))) {
        yield { file, line, text: `npx ${program}: no installed package has this command` };
      }
    }
  }
}

/** Files named in code (`test/sdk/x.test.ts`, `contracts/pouw/`) exist; `*` and `...` stand for whatever is there. */
function* pathProblems({ file, code }: Document): Generator<Problem> {
  for (const { language, line, text } of code) {
    if (language !== "inline") continue;
    const match = /^((?:contracts|deployments|oracle|scripts|sdk|test)\/[\w./*-]*)$/.exec(text);
    const path = match?.[1];
    if (path !== undefined && globSync(path.replaceAll("...", "**"), { cwd: ROOT }).length === 0) {
      yield { file, line, text: `${path} does not exist` };
    }
  }
}

/**
 * A pattern for each test of a file, whatever `${...}` stands for in its name: Mocha's `it`, and the test and invariant
 * functions of Solidity.
 */
function testNamesIn(file: string): RegExp[] {
  const source = readFileSync(join(ROOT, file), "utf8");
  const names = [...source.matchAll(/\bit\(\s*("[^"]+"|`[^`]+`)|\bfunction ((?:test|invariant)\w*)\(/g)];
  return names.map(([, quoted, name]) => {
    const parts = (quoted?.slice(1, -1) ?? name ?? "").split(/\$\{[^}]*\}/);
    return new RegExp(`^${parts.map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join(".+")}$`);
  });
}

/**
 * In PROPERTIES.md every item ends with the tests that hold it: the path of a file in code, then the names in quotes of
 * tests that it has, and so on.
 */
function* propertyProblems({ file, lines }: Document): Generator<Problem> {
  if (basename(file) !== "PROPERTIES.md") return;
  let property: { readonly line: number; tests: number } | undefined;
  let tests: { readonly path: string; readonly names: readonly RegExp[] } | undefined;
  for (const [index, text] of [...lines, "# end"].entries()) {
    const line = index + 1;
    if (/^(#|- )/.test(text)) {
      if (property?.tests === 0) yield { file, line: property.line, text: "names no test" };
      property = text.startsWith("#") ? undefined : { line, tests: 0 };
      tests = undefined;
    }
    for (const [, path, name] of text.matchAll(/`(test\/[\w./-]+)`|"([^"]+)"/g)) {
      if (path !== undefined) {
        // A path that is wrong is a problem of `pathProblems`.
        tests = existsSync(join(ROOT, path)) ? { path, names: testNamesIn(path) } : undefined;
      } else if (name !== undefined && property !== undefined && tests !== undefined) {
        property.tests += 1;
        if (!tests.names.some((pattern) => pattern.test(name))) {
          yield { file, line, text: `${tests.path} has no test "${name}"` };
        }
      }
    }
  }
}

/** TypeScript snippets compile as they stand, one module each. */
function* snippetProblems(documents: readonly Document[]): Generator<Problem> {
  rmSync(SNIPPETS, { recursive: true, force: true });
  mkdirSync(SNIPPETS, { recursive: true });
  const origins = new Map<string, { readonly file: string; readonly line: number }>();
  for (const { file, code } of documents) {
    for (const { language, line, text } of code) {
      if (language !== "ts") continue;
      const name = `snippet-${origins.size}.ts`;
      origins.set(name, { file, line });
      writeFileSync(join(SNIPPETS, name), `${text}\nexport {};\n`);
    }
  }
  if (origins.size === 0) return;
  const project = join(SNIPPETS, "tsconfig.json");
  writeFileSync(project, JSON.stringify({ extends: "../../tsconfig.base.json", include: ["*.ts"] }));
  try {
    execFileSync("tsc", ["--pretty", "false", "--project", project], { cwd: SNIPPETS, encoding: "utf8" });
  } catch (error) {
    const output = (error as { stdout?: string }).stdout ?? String(error);
    for (const [, name = "", row = "", text = ""] of output.matchAll(/^(snippet-\d+\.ts)\((\d+),\d+\): (.*)$/gm)) {
      const origin = origins.get(name);
      if (origin !== undefined) yield { file: origin.file, line: origin.line + Number(row) - 1, text };
    }
  }
}

function main(files: readonly string[]): number {
  if (files.length === 0) {
    console.log("Usage: node scripts/checks/docs.ts FILE.md...   (from the repository's root)");
    return 0;
  }
  const documents = files.map(readDocument);
  const problems = [
    ...documents.flatMap((document) => [
      ...linkProblems(document),
      ...commandProblems(document),
      ...pathProblems(document),
      ...propertyProblems(document),
    ]),
    ...snippetProblems(documents),
  ];
  for (const { file, line, text } of problems) console.error(`${file}:${line}: ${text}`);
  if (problems.length === 0) console.log(`${documents.length} documents agree with the repository`);
  return problems.length === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));

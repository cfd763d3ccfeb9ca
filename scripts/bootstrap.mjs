// Runs a program of this repository with everything it needs: the right Node and the locked dependencies.
//
//   node scripts/bootstrap.mjs PROGRAM [ARGUMENT...]
//
// PROGRAM is a TypeScript file of the repository or a command of an installed package. This file has no dependency and
// runs on Node 18 or newer, because it is what installs the others. When everything is there it adds nothing but one
// comparison of two lock files.

import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const TOOLS = join(ROOT, ".tools");
const LOCK = join(TOOLS, "setup.lock");

/** Runs TypeScript by itself and has node:sqlite, both without a flag. */
const MINIMUM_NODE = "22.18";

const HELP = `Usage: node scripts/bootstrap.mjs PROGRAM [ARGUMENT...]

Installs what is missing (Node ${MINIMUM_NODE} or newer under .tools/, packages under node_modules/), then runs PROGRAM:
a TypeScript file of this repository, or a command of an installed package.

Usually it is npm that calls it: npm start, npm test, npm run lint ...`;

/** A mistake of the user or the machine, told in one sentence without a stack. */
class SetupError extends Error {}

function say(line) {
  process.stderr.write(`gristmill: ${line}\n`);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

// --- what this machine is

const libc = (() => {
  if (process.platform !== "linux") return undefined;
  return process.report.getReport().header.glibcVersionRuntime === undefined ? "musl" : "glibc";
})();

/** Whether a package's os, cpu or libc field ("linux", ["darwin", "linux"], ["!win32"]) admits a value. */
function admits(field, value) {
  if (field === undefined || value === undefined) return true;
  const list = [field].flat();
  if (list.includes(`!${value}`)) return false;
  return list.every((entry) => entry.startsWith("!")) || list.includes(value);
}

function fitsThisMachine(entry) {
  return admits(entry.os, process.platform) && admits(entry.cpu, process.arch) && admits(entry.libc, libc);
}

/**
 * The packages that a lock file wants on this machine and that are not installed beside it, platform-specific parts
 * included: npm leaves those out without a word when it runs under a Node too old for them.
 */
function missingPackages(folder) {
  const wanted = readJson(join(folder, "package-lock.json")).packages;
  const recordOfInstall = join(folder, "node_modules", ".package-lock.json");
  const installed = existsSync(recordOfInstall) ? readJson(recordOfInstall).packages : {};
  return wantedHere(wanted)
    .filter(([path]) => path.includes("node_modules/"))
    .filter(([path, entry]) => installed[path]?.version !== entry.version || !existsSync(join(folder, path)))
    .map(([path]) => nameOf(path));
}

/** The entries of a lock file for this machine: an optional one only if another one of them asks for it. */
function wantedHere(packages) {
  const fitting = Object.entries(packages).filter(([, entry]) => fitsThisMachine(entry));
  for (let wanted = fitting; ;) {
    const asked = new Set(
      wanted.flatMap(([, { dependencies, optionalDependencies, peerDependencies }]) =>
        Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }),
      ),
    );
    const kept = wanted.filter(([path, { optional }]) => optional !== true || asked.has(nameOf(path)));
    if (kept.length === wanted.length) return wanted;
    wanted = kept;
  }
}

function nameOf(path) {
  return path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
}

// --- running

/** The command that runs npm: its own script under the given Node if npm started us, `npm` in PATH otherwise. */
function npmCommand(node) {
  const script = process.env.npm_execpath;
  return script !== undefined && /npm-cli\.c?js$/.test(script) ? [node, script] : ["npm"];
}

/** Runs a set-up command; its output goes to stderr, since stdout belongs to the program. */
function runQuietly(command, options) {
  return new Promise((resolve, reject) => {
    const [file, ...args] = command;
    const child = spawn(file, args, { ...options, stdio: ["ignore", 2, 2] });
    child.on("error", (cause) => reject(new SetupError(`cannot run ${file}: ${cause.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else
        reject(new SetupError(`${command.join(" ")} failed (${signal ?? `exit code ${code}`}); its output is above`));
    });
  });
}

async function installLocked(folder, node) {
  // No dependency needs its install script: what is native comes as a package per platform.
  const arguments_ = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  await runQuietly([...npmCommand(node), ...arguments_], { cwd: folder, env: environment(node) });
  const missing = missingPackages(folder);
  if (missing.length > 0) {
    throw new SetupError(`npm ci left out ${missing.join(", ")}; try again, or delete ${join(folder, "node_modules")}`);
  }
}

function environment(node) {
  const path = [dirname(node), join(ROOT, "node_modules", ".bin"), process.env.PATH ?? ""].join(delimiter);
  // Most of a command's start is compiling its modules.
  return { NODE_COMPILE_CACHE: join(TOOLS, "compile-cache"), ...process.env, PATH: path };
}

// --- the set-up

function isRecentEnough(version) {
  const [major, minor] = version.split(".").map(Number);
  const [wantedMajor, wantedMinor] = MINIMUM_NODE.split(".").map(Number);
  if (major === 23) return minor >= 6;
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** The Node of .tools/ for this machine, or undefined if there is none to install. */
function ownNode() {
  const { packages } = readJson(join(ROOT, "scripts", "node", "package-lock.json"));
  const fitting = Object.entries(packages).find(([path, entry]) => path !== "" && fitsThisMachine(entry));
  if (fitting === undefined || libc === "musl") return undefined;
  const [path, { version, bin }] = fitting;
  return { version, executable: join(TOOLS, "node", path, bin.node) };
}

async function ensureNode() {
  if (isRecentEnough(process.versions.node)) return process.execPath;
  const own = ownNode();
  if (own === undefined) {
    throw new SetupError(
      `Node ${process.versions.node} is too old and there is no Node package for ${process.platform}-${process.arch}` +
        `${libc === "musl" ? " (musl)" : ""}; install Node ${MINIMUM_NODE} or newer`,
    );
  }
  const folder = join(TOOLS, "node");
  const locks = [join(ROOT, "scripts", "node"), folder].map((place) => join(place, "package-lock.json"));
  const isCurrent = () =>
    existsSync(locks[1]) &&
    readFileSync(locks[0], "utf8") === readFileSync(locks[1], "utf8") &&
    missingPackages(folder).length === 0;
  if (!isCurrent()) {
    await alone(async () => {
      if (isCurrent()) return;
      say(`Node ${process.versions.node} is too old: installing Node ${own.version} under .tools/`);
      cpSync(join(ROOT, "scripts", "node"), folder, { recursive: true });
      await installLocked(folder, process.execPath);
    });
  }
  return own.executable;
}

async function ensurePackages(node) {
  if (missingPackages(ROOT).length === 0) return;
  await alone(async () => {
    const count = missingPackages(ROOT).length;
    if (count === 0) return;
    say(`${count} packages are missing or outdated: running npm ci`);
    await installLocked(ROOT, node);
  });
}

/** Runs a set-up step while no other process of this clone does. */
async function alone(step) {
  mkdirSync(TOOLS, { recursive: true });
  for (let waiting = false; !tryLock();) {
    if (!waiting) say("waiting for another set-up of this clone to finish");
    waiting = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  try {
    await step();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

/** Takes the lock file, also from a process that died with it. */
function tryLock() {
  try {
    writeFileSync(LOCK, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
  }
  try {
    const holder = Number(readFileSync(LOCK, "utf8"));
    // An empty file is a lock whose holder is just writing its id into it.
    if (holder !== 0 && !isAlive(holder)) {
      // Renaming lets only one of several waiting processes take a dead one's lock away.
      const taken = `${LOCK}.${process.pid}`;
      renameSync(LOCK, taken);
      rmSync(taken);
    }
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  return false;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

// --- the program

function runProgram(node, program, args) {
  const isScript = program.endsWith(".ts");
  const command = isScript
    ? [node, "--disable-warning=ExperimentalWarning", join(ROOT, program), ...args]
    : [program, ...args];
  const child = spawn(command[0], command.slice(1), { stdio: "inherit", env: environment(node) });

  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      // A terminal's Ctrl-C reaches the program by itself, since it is in the same process group.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    say(`cannot run ${program}: ${error.message}`);
    process.exitCode = 127;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}

const [program, ...args] = process.argv.slice(2);
if (program === undefined || program === "--help") {
  process.stdout.write(`${HELP}\n`);
} else {
  try {
    const node = await ensureNode();
    await ensurePackages(node);
    runProgram(node, program, args);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}

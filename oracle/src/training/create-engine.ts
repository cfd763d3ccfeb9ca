import { GristmillError } from "@gristmill/sdk";

import type { MatrixEngine } from "./matrix-engine.ts";
import { selfTest } from "./self-test.ts";
import { nativeEngine, portableEngine } from "./tfjs-engine.ts";

const factories = {
  wasm: () => portableEngine("wasm"),
  cpu: () => portableEngine("cpu"),
  tensorflow: nativeEngine,
};

/** Name of a matrix engine. */
export type EngineName = keyof typeof factories;

/** All engines, the default first. */
export const engineNames = Object.keys(factories) as readonly EngineName[];

/** Engines that have proved themselves, one of a kind for the process. */
const proven = new Map<EngineName, MatrixEngine>();

/**
 * An engine that has proved itself in `selfTest`.
 *
 * @throws GristmillError ENGINE_UNKNOWN, ENGINE_UNAVAILABLE, ENGINE_INEXACT
 */
export async function createEngine(name: EngineName = "wasm"): Promise<MatrixEngine> {
  if (!Object.hasOwn(factories, name)) {
    throw new GristmillError("ENGINE_UNKNOWN", `There is no engine "${name}".`, {
      hints: [`Choose one of ${engineNames.join(", ")}.`],
    });
  }
  const known = proven.get(name);
  if (known !== undefined) return known;
  const engine = await factories[name]();
  selfTest(engine);
  proven.set(name, engine);
  return engine;
}

/** An engine of another kind, which every host has: what both compute alike is no fault of either. */
export function checkEngine(name: EngineName): EngineName {
  return name === "cpu" ? "wasm" : "cpu";
}

/** Every engine that this host can run; `tensorflow` is left out where it is not installed. */
export async function presentEngines(): Promise<MatrixEngine[]> {
  const engines: MatrixEngine[] = [];
  for (const name of engineNames) {
    try {
      engines.push(await createEngine(name));
    } catch (error) {
      if (!(error instanceof GristmillError && error.code === "ENGINE_UNAVAILABLE")) throw error;
    }
  }
  return engines;
}

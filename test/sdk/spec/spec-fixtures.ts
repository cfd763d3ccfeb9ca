import { expect } from "chai";
import { GristmillError } from "../../../sdk/src/errors.ts";

type Loose = Record<string, unknown>;

/** A spec whose fields tests change, well or badly. */
export interface LooseSpec {
  version: number;
  payment: Loose;
  ml: { dataset: Loose; validation: Loose; optimizer: Loose; model: Loose };
  exact: Loose;
  coordination: Loose;
}

/** A small task over `data.csv`. */
export function csvSpec(): LooseSpec {
  return {
    version: 1,
    payment: { fee: 10 },
    ml: {
      dataset: { format: "CSV", source: { file: "data.csv" }, "training-set-size": 6, "test-set-size": 2 },
      validation: { method: "holdout" },
      optimizer: {
        type: "SGD",
        optimizer_initialization_parameters: { learning_rate: 0.03, momentum: 0 },
        epochs: 2,
        "batch-size": 2,
      },
      model: {
        type: "FC-DNN",
        "hidden-units": [{ id: 1, type: "Dense", nodes: 4, activation: "relu" }],
        loss: "SoftmaxCrossEntropy",
      },
    },
    exact: {},
    coordination: {},
  };
}

/** Eight rows of a nominal column, a number and a label. */
export const CSV_TEXT = "a,1,x\nb,2,y\na,3,x\nb,4,y\na,5,x\nb,6,y\na,7,x\nb,8,y\n";

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Files in memory, under the folder /task. */
export function filesOf(files: Readonly<Record<string, Uint8Array>>) {
  return {
    baseDir: "/task",
    readFile: async (path: string): Promise<Uint8Array> => {
      const file = files[path.replace(/^\/task\//, "")];
      if (file === undefined) throw new GristmillError("TEST_NO_FILE", `There is no ${path}.`);
      return file;
    },
  };
}

/** Asserts that `error` has the code, names each of the places, and says how to mend it. */
export function expectRefusal(error: unknown, code: string, ...places: readonly string[]): void {
  expect(error).to.be.instanceOf(GristmillError);
  const refusal = error as GristmillError;
  expect(refusal.code, refusal.message).to.equal(code);
  for (const place of places) expect([refusal.message, ...refusal.hints].join("\n")).to.include(place);
  expect(refusal.hints).not.to.be.empty;
}

/** What `act` throws; fails where it does not. */
export function thrown(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return expect.fail("was expected to throw, but returned");
}

import { expect } from "chai";

import { createTensHasher, type TensHasher } from "../../../oracle/src/tenshash/index.ts";
import { ReferenceTensHasher } from "../../../oracle/src/tenshash/reference.ts";
import { selfTest } from "../../../oracle/src/tenshash/self-test.ts";
import { rejection } from "../../rejection.ts";

/** Seed of the self-test, robocoin's genesis block. */
const SEED = new Uint8Array(Buffer.from("663711af38b4b55920fd4599af6d6a16af4ce30cd6ea022055abea2709988cc9", "hex"));

/** The reference with a fault. */
function faulty(fault: Partial<TensHasher>): TensHasher {
  return Object.assign(new ReferenceTensHasher(), fault);
}

describe("createTensHasher", function () {
  this.timeout(60_000);

  it("takes a proved backend for auto", async () => {
    const hasher = await createTensHasher("auto", { threads: 1 });
    expect(hasher.name).to.be.oneOf(["wasm", "webgpu"]);
    await hasher.dispose();
  });

  it("opens the backend that is named", async () => {
    const hasher = await createTensHasher("reference");
    expect(hasher.name).to.equal("reference");
    await hasher.dispose();
  });
});

describe("selfTest", function () {
  this.timeout(60_000);

  it("passes the reference", async () => {
    await selfTest(new ReferenceTensHasher());
  });

  it("refuses a backend with one wrong bit in one output, and says what it found", async () => {
    const honest = new ReferenceTensHasher();
    await honest.setSeed(SEED);
    const hasher = faulty({
      hash: async (inputs) => {
        const outputs = await honest.hash(inputs);
        outputs.at(-1)![31]! ^= 1;
        return outputs;
      },
    });
    const error = await rejection(selfTest(hasher));
    expect(error).to.have.property("code", "TENSHASH_WRONG");
    expect(error)
      .to.have.property("message")
      .that.matches(/^TensHash by reference \(1 thread\) is wrong: output 1 is /);
  });

  it("refuses a backend with a wrong trace", async () => {
    const honest = new ReferenceTensHasher();
    await honest.setSeed(SEED);
    const hasher = faulty({
      trace: async (input) => (await honest.trace(input)).fill(0, 0, 1),
    });
    expect(await rejection(selfTest(hasher))).to.have.property("code", "TENSHASH_WRONG");
  });
});

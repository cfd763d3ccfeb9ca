import { expect } from "chai";
import { AbiCoder, keccak256 } from "ethers";
import { isLucky, luckyHash, ticketInput, ticketsOf } from "../../../sdk/src/ticket/ticket.ts";

const word = (byte: string) => `0x${byte.repeat(32)}` as const;
const address = (byte: string) => `0x${byte.repeat(20)}` as const;

const source = {
  chainId: 31337n,
  mint: address("11"),
  taskId: word("22"),
  miner: address("33"),
  slot: 4,
  index: 1_000_000,
  work: word("55"),
  ticket: 7,
};

describe("ticketsOf", () => {
  it("gives what the whole life has earned and nothing else, however little one iteration earns", () => {
    for (const macs of [1n, 999n, 1_000n, 1_001n, 123_456n]) {
      let total = 0n;
      for (let index = 0; index < 500; index++) total += ticketsOf(macs, 1_000n, index);
      expect(total).to.equal((500n * macs) / 1_000n);
    }
  });

  it("gives a ticket when the accrued work reaches its price, not before", () => {
    expect([0, 1, 2, 3].map((index) => ticketsOf(3n, 10n, index))).to.deep.equal([0n, 0n, 0n, 1n]);
    expect([0, 1].map((index) => ticketsOf(5n, 10n, index))).to.deep.equal([0n, 1n]);
  });

  it("stays exact where products pass 2^53", () => {
    const macs = 2n ** 60n + 1n;
    expect(ticketsOf(macs, 2n ** 31n, 2 ** 31 - 1)).to.equal(2n ** 29n + 1n);
  });

  it("is refused for a price that is not positive", () => {
    for (const price of [0n, -1n]) {
      expect(() => ticketsOf(1n, price, 0))
        .to.throw()
        .with.property("code", "TICKET_NO_RATE");
    }
  });
});

describe("ticketInput", () => {
  it("is the hash of the ABI encoding that another library makes", () => {
    const types = ["uint256", "address", "bytes32", "address", "uint256", "uint256", "bytes32", "uint256"];
    const encoded = AbiCoder.defaultAbiCoder().encode(types, Object.values(source));
    expect(`0x${Buffer.from(ticketInput(source)).toString("hex")}`).to.equal(keccak256(encoded));
  });

  it("changes with every field", () => {
    const changes = [
      { chainId: 1n },
      { mint: address("12") },
      { taskId: word("23") },
      { miner: address("34") },
      { slot: 5 },
      { index: 1_000_001 },
      { work: word("56") },
      { ticket: 8 },
    ];
    const inputs = [source, ...changes.map((change) => ({ ...source, ...change }))].map((s) => ticketInput(s).join());
    expect(new Set(inputs)).to.have.length(changes.length + 1);
  });
});

describe("isLucky", () => {
  const y = new Uint8Array(32).fill(1);
  const x = new Uint8Array(32).fill(2);

  it("hashes y before x", () => {
    const encoded = AbiCoder.defaultAbiCoder().encode(["bytes32", "bytes32"], [word("01"), word("02")]);
    expect(luckyHash(y, x)).to.equal(BigInt(keccak256(encoded)));
    expect(luckyHash(x, y)).not.to.equal(luckyHash(y, x));
  });

  it("wins at the target and loses one above it", () => {
    const hash = luckyHash(y, x);
    expect(isLucky(y, x, hash)).to.equal(true);
    expect(isLucky(y, x, hash - 1n)).to.equal(false);
  });

  it("is refused for words that have not 32 bytes", () => {
    for (const [a, b, name] of [
      [y.subarray(1), x, "y"],
      [y, new Uint8Array(33), "x"],
    ] as const) {
      expect(() => luckyHash(a, b))
        .to.throw(`ticket's ${name}`)
        .with.property("code", "TICKET_WORD_SIZE");
    }
  });
});

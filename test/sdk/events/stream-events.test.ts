import { expect } from "chai";
import type { Address } from "viem";

import {
  type EventCursor,
  type EventStreamItem,
  type EventStreamParameters,
  gristTokenAbi,
  streamEvents,
  transferGrist,
} from "../../../sdk/src/index.ts";
import { rejection } from "../../rejection.ts";
import { type LocalSuite, mine, startLocalSuite } from "../fixtures/local-suite.ts";

type Item = EventStreamItem<typeof gristTokenAbi>;

describe("a stream of events", function () {
  this.timeout(60_000);

  let local: LocalSuite;
  let to: Address;
  let fromBlock: bigint;

  before(async () => {
    local = await startLocalSuite();
    to = local.accounts[9]!;
  });

  beforeEach(async () => {
    fromBlock = (await client().getBlockNumber()) + 1n;
  });

  function client() {
    return local.clientOf(local.accounts[0]!);
  }

  async function transfer(amount: bigint): Promise<void> {
    await transferGrist(client(), { suite: local.suite, to, amount });
  }

  function stream(options: Partial<EventStreamParameters<typeof gristTokenAbi>> = {}) {
    const address = local.suite.contracts.GristToken;
    return streamEvents(client(), { address, abi: gristTokenAbi, fromBlock, ...options });
  }

  async function take(items: AsyncGenerator<Item>, count: number): Promise<Item[]> {
    const taken: Item[] = [];
    while (taken.length < count) {
      const next = await items.next();
      if (next.done === true) break;
      taken.push(next.value);
    }
    return taken;
  }

  /** The amounts transferred, and `<N` for a rollback to N blocks after the first. */
  function shown(items: readonly Item[]): (bigint | string)[] {
    return items.flatMap<bigint | string>((item) => {
      if (item.kind === "rollback") return [`<${item.toBlock - fromBlock}`];
      return item.event.eventName === "Transfer" ? [item.event.args.value] : [];
    });
  }

  it("gives the events of a range of blocks in order, in portions of the range, and ends", async () => {
    for (const amount of [1n, 2n, 3n]) await transfer(amount);
    const toBlock = fromBlock + 1n;
    expect(shown(await take(stream({ toBlock, blockRange: 1n }), 9))).to.deep.equal([1n, 2n]);
  });

  it("waits for events that are still to come", async () => {
    const items = stream();
    const first = items.next();
    await transfer(5n);
    const { value } = await first;
    expect(shown(value === undefined ? [] : [value])).to.deep.equal([5n]);
    await items.return();
  });

  it("goes on after the event that a cursor names, missing and repeating none", async () => {
    for (const amount of [1n, 2n, 3n, 4n]) await transfer(amount);
    const toBlock = fromBlock + 3n;
    for (const blockRange of [1n, 3n, 100n]) {
      const all = await take(stream({ toBlock, blockRange }), 9);
      expect(shown(all)).to.deep.equal([1n, 2n, 3n, 4n]);
      for (const [index, { cursor }] of all.entries()) {
        const rest = await take(stream({ toBlock, blockRange, cursor }), 9);
        expect(shown([...all.slice(0, index + 1), ...rest])).to.deep.equal([1n, 2n, 3n, 4n]);
      }
    }
  });

  it("holds events back until they have the confirmations asked for", async () => {
    await transfer(1n);
    await transfer(2n);
    const items = stream({ confirmations: 2n });
    expect(shown(await take(items, 1))).to.deep.equal([1n]);
    const next = items.next();
    await mine(local.provider, 1);
    const { value } = await next;
    expect(shown(value === undefined ? [] : [value])).to.deep.equal([2n]);
    await items.return();
  });

  for (const [name, blockRange] of [
    ["block by block", 1n],
    ["in one range", 100n],
  ] as const) {
    it(`says what a reorganisation undid and gives what came instead, having read ${name}`, async () => {
      const { provider } = local;
      await transfer(1n);
      const items = stream({ blockRange });
      expect(shown(await take(items, 1))).to.deep.equal([1n]);
      // The head's checkpoint is taken when the stream is asked for more.
      const pending = items.next();
      const snapshot: unknown = await provider.request({ method: "evm_snapshot", params: [] });
      await transfer(2n);
      const second = await pending;
      await provider.request({ method: "evm_revert", params: [snapshot] });
      await mine(provider, 1);
      await transfer(3n);
      const after = await take(items, 2);
      expect(shown([second.value!, ...after])).to.deep.equal([2n, "<0", 3n]);
      await items.return();
    });
  }

  it("says at its start what was undone since the cursor was stored, also within a range", async () => {
    const { provider } = local;
    await transfer(1n);
    const snapshot: unknown = await provider.request({ method: "evm_snapshot", params: [] });
    await transfer(2n);
    const [, second] = await take(stream({ blockRange: 100n }), 2);
    await provider.request({ method: "evm_revert", params: [snapshot] });
    await mine(provider, 1);
    await transfer(4n);
    const { cursor } = second!;
    const toBlock = fromBlock + 2n;
    const resumed = await take(stream({ blockRange: 100n, toBlock, cursor }), 9);
    expect(shown(resumed)).to.deep.equal(["<-1", 1n, 4n]);
  });

  it("ends with the signal's reason, also while it waits", async () => {
    const stop = new AbortController();
    const pending = rejection(stream({ signal: stop.signal, pollingInterval: 60_000 }).next());
    stop.abort(new DOMException("enough", "AbortError"));
    expect(await pending).to.have.property("message", "enough");
  });

  it("fails when the chain stands still for too long", async () => {
    const stalled = await rejection(stream({ stallTimeout: 0 }).next());
    expect(stalled).to.include({ code: "EVENTS_STALLED" });
  });

  it("refuses text that is no cursor", async () => {
    for (const cursor of ["", "1;", "2;;", "1;5:0xab;", "1;;5/1"]) {
      const error = await rejection(stream({ cursor: cursor as EventCursor }).next());
      expect(error, cursor).to.include({ code: "CURSOR_MALFORMED" });
    }
  });
});

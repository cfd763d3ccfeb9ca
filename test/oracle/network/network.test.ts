import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { GristmillError, segmentId, type SegmentMessage } from "@gristmill/sdk";
import { multiaddr } from "@multiformats/multiaddr";
import { expect } from "chai";
import { zeroHash } from "viem";

import { MAX_MESSAGE_BYTES } from "../../../oracle/src/network/limits.ts";
import { encodeMessage } from "../../../oracle/src/network/message-codec.ts";
import { createNetwork } from "../../../oracle/src/network/node.ts";
import type { Verdict } from "../../../oracle/src/network/segment-check.ts";
import { TestNetwork, addressOf, until, type TestNode } from "./fixtures/nodes.ts";
import { bytes32, id, keyOf, makeChain, makeContext, makeSegment } from "./fixtures/task.ts";

const context = makeContext();
const topic = `/gristmill/task/1/${context.taskId}`;
const encode = (message: SegmentMessage) => encodeMessage({ kind: "segment", message });
const place = (message: SegmentMessage) => ({
  ...message.segment,
  segmentId: segmentId(message.segment),
  bytes: encode(message),
});
const soon = () => AbortSignal.timeout(8_000);

async function codeOf(action: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await action();
  } catch (error) {
    if (error instanceof GristmillError) return error.code;
    throw error;
  }
  return undefined;
}

function remembers(folder: string, peerId: string): boolean {
  const memory = join(folder, "network", "peers");
  return existsSync(memory) && readFileSync(memory, "utf8").includes(peerId);
}

describe("network", function () {
  this.timeout(20_000);
  const net = new TestNetwork();
  afterEach(() => net.clear());

  describe("finding peers", () => {
    it("connects nodes that all know one address without its peer id, and outlives the node behind it", async () => {
      const [first, ...rest] = (await net.joinAll(context, 5)) as [TestNode, ...TestNode[]];
      await first.network.stop();
      const orphan = rest[0]!;
      await until("the dead node is gone", () => rest.every(({ network }) => network.peers.length === 3));
      const message = makeSegment(context, { slot: 0, first: 0 });
      await orphan.network.publish(context.taskId, message);
      await until("all got the message", () => rest.slice(1).every(({ segments }) => segments.length === 1));
      // A newcomer gets in through any of them.
      const late = await net.join(context, [addressOf(rest[2]!.network)]);
      await until("the newcomer knows all", () => late.network.peers.length === 4);
    });

    it("leads a restarted node back by the peers it remembers when its bootstrap node is dead", async () => {
      const bootstrap = await net.start([]);
      const address = addressOf(bootstrap);
      const other = await net.start([address]);
      const folder = net.folder();
      const before = await net.start([address], folder);
      await until("all are connected", () => [before, other].every(({ peers }) => peers.length === 2));
      const { peerId } = before;
      // What is remembered is written in the round after the last change.
      await until("the peers are remembered", () => remembers(folder, other.peerId));
      await Promise.all([before.stop(), bootstrap.stop()]);
      const after = await net.start([address], folder);
      expect(after.peerId).to.equal(peerId);
      await until("it is back", () => after.peers.includes(other.peerId));
    });

    it("names an address that is none, and a port that is taken", async () => {
      expect(await codeOf(() => net.start(["localhost:4001"]))).to.equal("ADDRESS_INVALID");
      const taken = { listen: [addressOf(await net.start([]))], dataDir: net.folder() };
      expect(await codeOf(() => createNetwork(taken))).to.equal("LISTEN_FAILED");
    });
  });

  describe("gossip", () => {
    it("brings every slot's segments to every node, each once and stored", async () => {
      const nodes = await net.joinAll(context, 4);
      const chains = [0, 1, 2].map((slot) => makeChain(context, slot, 5));
      // Backwards, so that none arrives after its predecessor.
      await Promise.all(
        chains.map(async (chain, slot) => {
          for (const message of chain.toReversed()) await nodes[slot]?.network.publish(context.taskId, message);
        }),
      );
      await until("all have all", () => nodes.every(({ store }) => store.size === 15));
      expect(nodes[3]?.segments).to.have.deep.members(chains.flat());
      expect(nodes[0]?.segments).to.have.deep.members(chains.slice(1).flat());
      for (const { network } of nodes)
        expect(network.counts()).to.deep.include({ forged: 0, malformed: 0, equivocation: 0 });
    });

    it("refuses to publish a segment that contradicts a stored own one, and repeats the same one", async () => {
      const node = await net.join(context);
      const message = makeSegment(context, { slot: 0, first: 0 });
      await node.network.publish(context.taskId, message);
      await node.network.publish(makeContext().taskId, makeSegment(context, { slot: 0, first: 4 }));
      const second = makeSegment(context, { slot: 0, first: 0, version: "b" });
      expect(await codeOf(() => node.network.publish(context.taskId, second))).to.equal("EQUIVOCATION_REFUSED");
      expect(await codeOf(() => node.network.publish(id("unknown"), message))).to.equal("TASK_NOT_JOINED");
      expect(node.store.byIndex(0, 0)?.bytes).to.deep.equal(encode(message));
    });

    it("goes on when a handler throws", async () => {
      const [sender, receiver] = (await net.joinAll(context, 1).then(async ([first]) => [
        first,
        await net.join(context, [addressOf(first!.network)], {
          onSegment: () => {
            throw new GristmillError("TEST", "thrown on purpose");
          },
        }),
      ])) as [TestNode, TestNode];
      await until("they are connected", () => sender.network.taskPeers(context.taskId).length === 1);
      for (const message of makeChain(context, 0, 2)) await sender.network.publish(context.taskId, message);
      await until("both failed", () => receiver.failures.length === 2);
      expect(receiver.store.size).to.equal(2);
    });

    const forged = makeSegment(context, { slot: 0, first: 0, key: keyOf(9) });
    const foreign = makeSegment(makeContext({ taskId: id("other") }), { slot: 0, first: 0 });
    const attacks: Record<Exclude<Verdict, "accepted" | "replayed" | "equivocation">, Uint8Array> = {
      forged: encode(forged),
      foreign: encode(foreign),
      malformed: bytes32("noise"),
      oversized: new Uint8Array(MAX_MESSAGE_BYTES + 1),
    };
    for (const [verdict, bytes] of Object.entries(attacks)) {
      it(`drops and counts a message that is ${verdict}, and does not pass it on`, async () => {
        const [target, bystander] = (await net.joinAll(context, 2)) as [TestNode, TestNode];
        const attacker = await net.attacker(target.network, topic);
        await attacker.services.pubsub.publish(topic, bytes);
        await until("it was counted", () => target.network.counts()[verdict as Verdict] === 1);
        // An honest message after it shows that nothing of it is still under way.
        await target.network.publish(context.taskId, makeSegment(context, { slot: 0, first: 0 }));
        await until("the honest one came", () => bystander.segments.length === 1);
        expect(target.segments).to.deep.equal([]);
        expect(bystander.network.counts()).to.deep.include({ accepted: 1, [verdict]: 0 });
      });
    }

    it("drops and counts a message that it knows already, and one that contradicts another", async () => {
      const target = await net.join(context);
      const known = makeSegment(context, { slot: 0, first: 0 });
      target.store.append(place(known));
      const attacker = await net.attacker(target.network, topic);
      const second = makeSegment(context, { slot: 0, first: 0, version: "b" });
      await attacker.services.pubsub.publish(topic, encode(known));
      await attacker.services.pubsub.publish(topic, encode(second));
      await until("both were counted", () => {
        const { replayed, equivocation } = target.network.counts();
        return replayed === 1 && equivocation === 1;
      });
      expect(target.equivocations).to.deep.equal([segmentId(second.segment)]);
      expect(target.segments).to.deep.equal([]);
      // The evidence is kept.
      expect(target.store.byId(0, segmentId(second.segment))).to.not.equal(undefined);
    });

    it("turns away a peer that floods it with garbage, and nobody else", async () => {
      const [target, honest] = (await net.joinAll(context, 2)) as [TestNode, TestNode];
      const attacker = await net.attacker(target.network, topic);
      for (let k = 0; k < 100; k++) await attacker.services.pubsub.publish(topic, bytes32(`garbage ${k}`));
      await until("the attacker is cut off", () => !target.network.peers.includes(attacker.peerId.toString()));
      expect(target.network.counts().malformed).to.be.at.least(8);
      const again = attacker.dialProtocol(multiaddr(target.network.addresses[0]), "/gristmill/peers/1");
      expect(await again.then(() => "let in").catch(() => "turned away")).to.equal("turned away");
      await honest.network.publish(context.taskId, makeSegment(context, { slot: 1, first: 0 }));
      await until("the honest message came", () => target.segments.length === 1);
    });

    it("keeps the counts of a task that it left and takes in no more of it", async () => {
      const [sender, leaver] = (await net.joinAll(context, 2)) as [TestNode, TestNode];
      const [first, second] = makeChain(context, 0, 2) as [SegmentMessage, SegmentMessage];
      await sender.network.publish(context.taskId, first);
      await until("the first came", () => leaver.segments.length === 1);
      leaver.network.leaveTask(context.taskId);
      await until("the sender knows", () => sender.network.taskPeers(context.taskId).length === 0);
      await sender.network.publish(context.taskId, second);
      expect(leaver.network.counts().accepted).to.equal(1);
    });
  });

  describe("catching up", () => {
    it("brings a node that joins late all that its neighbours have, by itself", async () => {
      const early = await net.join(context);
      const chains = [0, 1, 2].map((slot) => makeChain(context, slot, 5));
      for (const message of chains.flat()) early.store.append(place(message));
      const late = await net.join(context, [addressOf(early.network)]);
      await until("all is there", () => late.store.size === 15);
      expect(late.segments).to.have.deep.members(chains.flat());
    });

    it("fetches what gossip missed, from several peers where one does not have all", async () => {
      const [a, b, late] = (await net.joinAll(context, 3)) as [TestNode, TestNode, TestNode];
      const chain = makeChain(context, 0, 5);
      chain.slice(0, 3).forEach((message) => a.store.append(place(message)));
      chain.slice(2).forEach((message) => b.store.append(place(message)));
      await late.network.fetchSegments(context.taskId, 0, 0, 21, soon());
      expect(late.segments).to.have.deep.members(chain);
      expect(await late.network.fetchSegments(context.taskId, 0, 0, 19, soon())).to.equal(0);
    });

    it("fetches one segment by its id", async () => {
      const [holder, asker] = (await net.joinAll(context, 2)) as [TestNode, TestNode];
      const message = makeSegment(context, { slot: 2, first: 8 });
      holder.store.append(place(message));
      expect(await asker.network.fetchSegment(context.taskId, 2, segmentId(message.segment), soon())).to.equal(true);
      expect(await asker.network.fetchSegment(context.taskId, 2, id("nobody's"), soon())).to.equal(false);
      expect(asker.segments).to.deep.equal([message]);
    });

    it("judges what a peer serves as it judges gossip", async () => {
      const [liar, asker] = (await net.joinAll(context, 2)) as [TestNode, TestNode];
      liar.store.append(place(makeSegment(context, { slot: 0, first: 0, key: keyOf(9) })));
      expect(await asker.network.fetchSegments(context.taskId, 0, 0, 3, soon())).to.equal(0);
      expect(asker.network.counts().forged).to.be.at.least(1);
      expect(asker.store.size).to.equal(0);
    });
  });

  describe("checkpoints", () => {
    it("finds the first peer that has one, which may take its time", async () => {
      const wanted = id("segment");
      const asker = await net.join(context);
      await net.join(context, [addressOf(asker.network)], { onCheckpointWanted: () => Promise.resolve(undefined) });
      const replay = Promise.withResolvers<undefined>();
      await net.join(context, [addressOf(asker.network)], {
        onCheckpointWanted: async (slot, segment) => {
          await replay.promise;
          return slot === 1 && segment === wanted
            ? "bafkrei-after"
            : segment === zeroHash
              ? "bafkrei-initial"
              : undefined;
        },
      });
      await until("all are there", () => asker.network.taskPeers(context.taskId).length === 2);
      const found = asker.network.findCheckpoint(context.taskId, 1, wanted, soon());
      replay.resolve(undefined);
      expect(await found).to.equal("bafkrei-after");
      expect(await asker.network.findCheckpoint(context.taskId, 1, zeroHash, soon())).to.equal("bafkrei-initial");
      expect(await asker.network.findCheckpoint(context.taskId, 0, wanted, soon())).to.equal(undefined);
    });

    it("stops waiting when the caller does", async () => {
      const asker = await net.join(context);
      let ended: AbortSignal | undefined;
      await net.join(context, [addressOf(asker.network)], {
        onCheckpointWanted: (_slot, _segment, signal) => {
          ended = signal;
          return new Promise(() => undefined);
        },
      });
      await until("both are there", () => asker.network.taskPeers(context.taskId).length === 1);
      const caller = new AbortController();
      const found = asker.network.findCheckpoint(context.taskId, 0, zeroHash, caller.signal);
      await until("the peer was asked", () => ended !== undefined);
      caller.abort();
      expect(await found).to.equal(undefined);
      await until("the peer knows", () => ended?.aborted === true);
    });
  });
});

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { GristmillError, segmentId, type SegmentMessage } from "@gristmill/sdk";
import { multiaddr } from "@multiformats/multiaddr";
import { expect } from "chai";
import { zeroHash } from "viem";

import { MAX_MESSAGE_BYTES } from "../../../oracle/src/network/limits.ts";
import { encodeMessage } from "../../../oracle/src/network/message-codec.ts";
import { createNetwork } from "../../../oracle/src/network/node.ts";
import { neighbourhoodTopic } from "../../../oracle/src/network/neighbourhood.ts";
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

    it("brings every segment to every node of a line, where nobody knows more than its two neighbours", async () => {
      const nodes = await net.joinLine(context, 5);
      const chains = [0, 1, 2].map((slot) => makeChain(context, slot, 5));
      for (let k = 0; k < 5; k++)
        await Promise.all([0, 2, 4].map((at, slot) => nodes[at]!.network.publish(context.taskId, chains[slot]![k]!)));
      await until("all have all", () => nodes.every(({ store }) => store.size === 15));
      expect(nodes.map(({ network }) => network.peers.length)).to.deep.equal([1, 2, 2, 2, 1]);
    });

    it("brings what its publisher has not sent to a node, and nothing that it has", async () => {
      const relay = await net.join(context);
      const [publisher, other] = [await net.attacker(relay.network, topic), await net.attacker(relay.network, topic)];
      const received: Uint8Array[] = [];
      other.services.pubsub.addEventListener("message", ({ detail }) => received.push(detail.data));
      for (const { services } of [publisher, other]) services.pubsub.subscribe(topic);
      await until("the relay has both in its mesh", () => relay.network.taskPeers(context.taskId).length === 2);
      const [first, second, third] = makeChain(context, 0, 3).map(encode) as [Uint8Array, Uint8Array, Uint8Array];
      await publisher.services.pubsub.publish(topic, first);
      await until("the relay forwarded it", () => received.length === 1);

      // Both say that they reach the same nodes as the relay; what each publishes, the other has to have from it.
      const ids = [relay.network.peerId, ...[publisher, other].map(({ peerId }) => peerId.toString())];
      for (const { services } of [publisher, other]) services.pubsub.subscribe(neighbourhoodTopic(topic, ids));
      // A message after it shows that the relay has heard it.
      await other.services.pubsub.publish(topic, encode(makeSegment(context, { slot: 2, first: 0 })));
      await until("the relay has heard the other", () => relay.segments.length === 2);
      await publisher.services.pubsub.publish(topic, second);
      await publisher.services.pubsub.publish(topic, third);
      await until("the relay has them", () => relay.segments.length === 4);
      // The relay's own segment after it shows that nothing is still under way.
      const own = makeSegment(context, { slot: 1, first: 0 });
      await relay.network.publish(context.taskId, own);
      await until("the relay's own came", () => received.length > 1);
      expect(received.map((bytes) => Buffer.from(bytes))).to.deep.equal(
        [first, encode(own)].map((b) => Buffer.from(b)),
      );
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
      expect(target.store.touching(0, 0, 3).map((other) => other.segmentId)).to.include(segmentId(second.segment));
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

// The peers of `network-cost.ts`, in a process of their own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { SegmentMessage } from "@gristmill/sdk";

import { createNetwork } from "../../oracle/src/network/node.ts";
import type { Network } from "../../oracle/src/network/node.ts";
import { openDatabase } from "../../oracle/src/storage/database.ts";
import { SegmentStore } from "../../oracle/src/storage/segment-store.ts";
import type { PeersCommand } from "./network-cost.ts";

const networks: Network[] = [];
let rounds: readonly (readonly SegmentMessage[])[] = [];
const folder = mkdtempSync(join(tmpdir(), "gristmill-peers-"));

process.on("message", (command: PeersCommand) => {
  void obey(command);
});

async function obey(command: PeersCommand): Promise<void> {
  switch (command.kind) {
    case "start": {
      rounds = command.rounds;
      const peers = rounds[0]?.length ?? 0;
      for (let index = 0; index < peers; index += 1) {
        const dataDir = join(folder, String(index));
        const network = await createNetwork({
          dataDir,
          listen: ["/ip4/127.0.0.1/tcp/0"],
          bootstrap: command.bootstrap,
        });
        network.joinTask(command.context, {
          store: new SegmentStore(openDatabase(join(dataDir, "node.sqlite")), command.context.taskId),
          onSegment: () => undefined,
          onFailure: (error) => {
            throw error;
          },
        });
        networks.push(network);
      }
      // Each must see all the others in the topic before anything is measured.
      while (networks.some((network) => network.taskPeers(command.context.taskId).length < peers))
        await new Promise((wake) => setTimeout(wake, 50));
      // One heartbeat more, for gossip's mesh.
      await new Promise((wake) => setTimeout(wake, 1_500));
      process.send?.("ready");
      break;
    }
    case "publish":
      await Promise.all(
        networks.map(async (network, index) => {
          const message = rounds[command.round]?.[index];
          if (message !== undefined) await network.publish(message.segment.taskId, message);
        }),
      );
      break;
    case "stop":
      await Promise.all(networks.map((network) => network.stop()));
      rmSync(folder, { recursive: true, force: true });
      process.exit(0);
  }
}

import type { StartedNode } from "../roles/start-node.ts";
import { VERSION } from "./version.ts";

/** Starts the HTTP API of a node that stays, unless its operator wants none; stops with it. */
export async function serveApi({ node, journal, stop }: StartedNode, role: string): Promise<StartedNode> {
  if (node.config.api === "off") return { node, journal, stop };
  // Loaded only here: most commands end before it would be.
  const { startApi } = await import("../api/server.ts");
  const { builtDashboard } = await import("../dashboard/dashboard-files.ts");
  try {
    const api = await startApi({ node, role, journal, version: VERSION, dashboard: builtDashboard() });
    node.log.info({ event: "api", url: api.url });
    return {
      node,
      journal,
      stop: async () => {
        await api.stop();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

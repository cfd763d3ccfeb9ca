import { BlockList, isIP } from "node:net";

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

/** `[::1]:4680` -> `::1`; `localhost:4680` -> `localhost` */
export function hostOf(authority: string): string {
  return authority
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  const family = isIP(host);
  return host === "localhost" || (family !== 0 && loopback.check(host, family === 4 ? "ipv4" : "ipv6"));
}

/**
 * Whether a request's `Host` header names this node. Somebody else's name that resolves to this machine (DNS rebinding)
 * would let that name's pages read what the API says; an address cannot be rebound.
 */
export function isOwnHost(header: string | undefined, names: readonly string[]): boolean {
  if (header === undefined) return false;
  const host = hostOf(header);
  return isIP(host) !== 0 || host === "localhost" || names.some((name) => name.toLowerCase() === host);
}

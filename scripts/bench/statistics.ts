export { type Figure, summarise } from "../../oracle/src/statistics.ts";

/**
 * CPU milliseconds, user and system, of all threads of this process since it started: what is taken of the machine,
 * however many other programs want it at the same time.
 */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** CPU milliseconds that work takes. */
export function time(work: () => void): number {
  const start = cpuTime();
  work();
  return cpuTime() - start;
}

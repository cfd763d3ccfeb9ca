export { type Figure, summarise } from "../../oracle/src/statistics.ts";

/**
 * CPU milliseconds, user and system, of all threads of this process since it started: what is taken of the machine,
 * however many other programs want it at the same time.
 */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * CPU milliseconds that synchronous work takes. Both wall-clock time and the process's CPU time are at least that: the one
 * counts what other programs do meanwhile, the other what this one's other threads do, collecting garbage above all. The
 * system's own figure for a thread moves in ticks of milliseconds.
 */
export function time(work: () => void): number {
  const [cpu, clock] = [cpuTime(), performance.now()];
  work();
  return Math.min(cpuTime() - cpu, performance.now() - clock);
}

import { runStep, type StepResult } from "./run-step.ts";
import type { Step } from "./steps.ts";

/** How many steps run at once: two keep both cores of the smallest machine busy, a third while they wait for a chain or a child. */
const LANES = 3;

/**
 * Runs steps in their order, as many at once as there are lanes; one that needs another waits for it, and one that wants
 * the machine alone waits for all that are running.
 * @param onResult called when a step is over
 * @returns the results in the order in which the steps ended
 */
export async function runSteps(
  steps: readonly Step[],
  onResult: (result: StepResult) => void,
): Promise<readonly StepResult[]> {
  const waiting = [...steps];
  const running = new Map<string, Promise<StepResult>>();
  const results: StepResult[] = [];
  const isPending = (name: string) => running.has(name) || waiting.some((step) => step.name === name);
  const canStart = ({ needs, alone }: Step) =>
    (needs === undefined || !isPending(needs)) && (alone === undefined || running.size === 0);

  while (waiting.length + running.size > 0) {
    const next = waiting.findIndex(canStart);
    if (next >= 0 && running.size < LANES) {
      const [step] = waiting.splice(next, 1) as [Step];
      running.set(step.name, runStep(step));
      if (step.alone === undefined) continue;
    }
    const result = await Promise.race(running.values());
    running.delete(result.name);
    results.push(result);
    onResult(result);
  }
  return results;
}

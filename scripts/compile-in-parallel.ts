import { availableParallelism } from "node:os";

import type { SolidityHooks } from "hardhat/types/hooks";

/** Compiles as many jobs at once as there are cores; Hardhat leaves one core idle, which is half of a small machine. */
export default (): Promise<Partial<SolidityHooks>> =>
  Promise.resolve({
    build: (context, files, options, next) => next(context, files, { ...options, concurrency: availableParallelism() }),
  });

import { GristmillError } from "@gristmill/sdk";
import { createContext, use } from "react";

import type { Suite } from "./suite.ts";

export const SuiteContext = createContext<Suite | undefined>(undefined);

/** The suite that the page shows. */
export function useSuite(): Suite {
  const suite = use(SuiteContext);
  if (suite === undefined) {
    throw new GristmillError("SUITE_CONTEXT_MISSING", "A component that needs the suite stands outside its provider.");
  }
  return suite;
}

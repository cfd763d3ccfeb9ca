import type { TicketTruth } from "../../../oracle/src/disputes/tens-hash-player.ts";

/** A way for a miner to lie about the TensHash of a lucky ticket, trained honestly. */
export interface TicketCheat {
  /** As `npm start -- --cheat NAME` takes it. */
  readonly name: string;
  /** One line for people. */
  readonly about: string;
  /** What it claims in the place of the truth. */
  claimOf(truth: TicketTruth): TicketTruth;
}

/** States the right output with a trace in which one neuron of a hidden layer is turned over. */
export class FalseTrace implements TicketCheat {
  readonly name = "false-trace";
  readonly about = "claims the right TensHash with a false trace";

  claimOf({ y, trace }: TicketTruth): TicketTruth {
    const middle = trace.length >> 1;
    return { y, trace: trace.with(middle, trace[middle]! ^ 1) };
  }
}

/** Every lie about a ticket that the demo can show. */
export const TICKET_CHEATS: readonly TicketCheat[] = [new FalseTrace()];

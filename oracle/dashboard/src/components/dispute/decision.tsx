import { OPS } from "@gristmill/sdk";
import { Alert, Text } from "@mantine/core";

import { decisionOf } from "../../../../src/disputes/decision.ts";
import type { GameEvent, readDisputeEvents } from "../../chain/dispute-moves.ts";
import { OPEN, SIDES, WAITING } from "../../chain/disputes.ts";
import { formatCount } from "../format.ts";

interface DecisionProps {
  readonly state: number;
  /** Who is to move, or has won. */
  readonly turn: number;
  readonly events: Awaited<ReturnType<typeof readDisputeEvents>> | undefined;
  /** Time for the present move, in words. */
  readonly left: string | undefined;
}

/** How things stand, and once it is over the arithmetic that decided, written out. */
export function Decision({ state, turn, events, left }: DecisionProps) {
  const side = SIDES[turn] ?? "nobody";
  if (state === WAITING) return <Alert variant="outline" title="It waits behind another dispute of the same place" />;
  if (state === OPEN) {
    return (
      <Alert variant="outline" color="orange" title={`The ${side} is to move`}>
        {left}; who lets it run out loses.
      </Alert>
    );
  }
  const decided = events?.court.find(({ eventName }) => eventName === "DisputeDecided");
  if (decided?.eventName !== "DisputeDecided") return <Alert variant="outline" title="It was withdrawn" />;
  const why = decisionOf({ moves: events?.moves ?? [], neuron: undefined });
  const arithmetic = events === undefined ? undefined : arithmeticOf(events.moves);
  return (
    <Alert
      variant="outline"
      color={decided.args.winner === 0 ? "red" : "green"}
      title={`The ${SIDES[decided.args.winner] ?? ""} wins`}
    >
      <Text data-testid="decision">
        {decided.args.byTimeout
          ? "The other side let its time run out."
          : (why ?? "One neuron of the TensHash is false.")}
      </Text>
      {arithmetic === undefined ? null : <Text className="mono">{arithmetic}</Text>}
    </Alert>
  );
}

/** What an element of each operation is made of, in words; `terms` is the length of the first operand's row. */
const FORMULAS: Readonly<Partial<Record<(typeof OPS)[number], (terms: string) => string>>> = {
  Activate: (terms) => `sum of ${terms} products, rounded and clipped`,
  Logits: (terms) => `sum of ${terms} products`,
  Backward: () => "sum of products with the next layer's errors, rounded and clipped",
  Update: () => "sign of what crossed the threshold: residual and sum of errors times inputs",
  Residual: () => "residual and sum of errors times inputs, less what crossed the threshold",
  Step: () => "weight less step size times update",
  Apply: () => "weight less the updates taken in",
  Quantize: () => "weight, rounded to 8 bits",
  SoftmaxGrad: () => "softmax of the row, less 1 at its label",
};

/** "sum of 785 products = 1,204, claimed 1,332". */
function arithmeticOf(moves: readonly GameEvent[]): string | undefined {
  const named = moves.findLast(({ eventName }) => eventName === "ElementNamed");
  const refuted = moves.findLast(({ eventName }) => eventName === "ElementRefuted");
  if (named?.eventName !== "ElementNamed" || refuted?.eventName !== "ElementRefuted") return undefined;
  const { instruction } = named.args.element;
  const op = OPS[instruction.op];
  const formula = op === undefined ? undefined : FORMULAS[op]?.(formatCount(instruction.operands[0]?.cols ?? 0));
  const { value, claimed } = refuted.args;
  return `${formula ?? op ?? "the element"} = ${formatCount(value)}, claimed ${formatCount(claimed)}`;
}

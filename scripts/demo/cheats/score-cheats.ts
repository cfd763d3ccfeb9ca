import { matrix } from "@gristmill/sdk";

import type { EvaluationTruth } from "../../../oracle/src/disputes/evaluation-truth.ts";
import { placeOf } from "./cheat.ts";

/** A way for an evaluator to lie about the final model. */
export interface ScoreCheat {
  /** As `npm start -- --cheat NAME` takes it. */
  readonly name: string;
  /** One line for people. */
  readonly about: string;
  /** What it tells, and defends, in the place of the truth. */
  tell(truth: EvaluationTruth): EvaluationTruth;
}

/** Counts one wrong answer as right, in the first batch that has one. */
export class WrongScore implements ScoreCheat {
  readonly name = "wrong-score";
  readonly about = "counts one wrong answer of the final model as right";

  tell(truth: EvaluationTruth): EvaluationTruth {
    for (const batch of truth.scores.keys()) {
      const trace = truth.trace(batch);
      const k = placeOf(trace, "Hits");
      const hits = trace.tensors[k]!;
      const wrong = hits.data.indexOf(0);
      if (wrong < 0) continue;
      const told = hits.data.slice() as Uint8Array;
      told[wrong] = 1;
      const correct = trace.correct + 1;
      const lie = { ...trace, correct, tensors: trace.tensors.with(k, matrix("u8", 1, hits.cols, told)) };
      return {
        scores: truth.scores.map((score, i) => (i === batch ? { ...score, correct } : score)),
        trace: (i) => (i === batch ? lie : truth.trace(i)),
      };
    }
    // A model without a wrong answer leaves nothing to lie about.
    return truth;
  }
}

/** Every lie about a score that the demo can show. */
export const SCORE_CHEATS: readonly ScoreCheat[] = [new WrongScore()];

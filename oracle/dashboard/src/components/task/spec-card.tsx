import type { Hex } from "viem";

import type { readTask } from "../../chain/tasks.ts";
import { programOf } from "../../chain/tasks.ts";
import { Card } from "../card.tsx";
import { Facts } from "../facts.tsx";
import { formatAmount, formatCount } from "../format.ts";
import { HexText } from "../hex.tsx";

interface SpecCardProps {
  readonly taskId: Hex;
  readonly created: NonNullable<Awaited<ReturnType<typeof readTask>>>["created"];
}

/** What the client ordered, as the chain has it. */
export function SpecCard({ taskId, created: { client, parameters, batches } }: SpecCardProps) {
  const program = programOf(parameters.program);
  return (
    <Card title="Spec">
      <Facts
        of={{
          Task: <HexText value={taskId} name="task" />,
          Client: <HexText value={client} name="client" />,
          "Hash of the spec": <HexText value={parameters.specHash} name="hash of the spec" />,
          "Root of the data": <HexText value={parameters.datasetRoot} name="root of the data" />,
          Manifest: <span className="mono">{parameters.manifest}</span>,
          Network: program?.sizes.join(" – "),
          Batches: program && `${formatCount(batches)} of ${program.batch} examples`,
          "Step size q":
            program &&
            `${formatCount(program.q0)}${program.halveEvery === 0 ? "" : `, halved every ${formatCount(program.halveEvery)}`}`,
          "Thresholds tau": program?.tau.join(", "),
          "Shifts forward; back": program && `${program.shift.join(", ")}; ${program.back.join(", ")}`,
          "Iterations of a segment": parameters.segmentLength,
          "Stake of a miner": `${formatAmount(parameters.minerStake)} GRIST`,
          "Whole epochs that a miner may be silent": parameters.maxSilentEpochs,
        }}
      />
    </Card>
  );
}

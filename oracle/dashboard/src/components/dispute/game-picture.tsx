import { Text } from "@mantine/core";

import type { GameEvent } from "../../chain/dispute-moves.ts";
import { formatCount } from "../format.ts";

/** Cells that a strip shows at most; the rest is cut away around the one in dispute. */
const CELLS = 48;

/** One level of the game: what it was split into, and which part is in dispute. */
interface Level {
  readonly name: string;
  readonly count: number;
  readonly chosen: number | undefined;
  readonly unit: string;
}

/** The game as it narrows down: each strip is the marked cell of the one above, split up. */
export function GamePicture({ events }: { readonly events: readonly GameEvent[] }) {
  const levels = levelsOf(events);
  return (
    <ol className="game">
      {levels.map((level, index) => (
        <li key={index}>
          <Text size="sm">
            <strong>{level.name}</strong>: {formatCount(level.count)} {level.unit}
            {level.chosen === undefined ? ", none named yet" : `, number ${formatCount(level.chosen)} is in dispute`}
          </Text>
          <Strip level={level} />
        </li>
      ))}
    </ol>
  );
}

function Strip({ level: { count, chosen } }: { readonly level: Level }) {
  const start = Math.max(0, Math.min((chosen ?? 0) - CELLS / 2, count - CELLS));
  const cells = Array.from({ length: Math.min(count, CELLS) }, (_, index) => start + index);
  return (
    <div className="strip" aria-hidden="true">
      {start > 0 ? "…" : null}
      {cells.map((cell) => (
        <span key={cell} data-chosen={cell === chosen} />
      ))}
      {start + cells.length < count ? "…" : null}
    </div>
  );
}

/** What the moves so far split and chose. */
function levelsOf(events: readonly GameEvent[]): readonly Level[] {
  const levels: Level[] = [];
  let first = 0;
  const open = (level: Omit<Level, "chosen">): void => void levels.push({ ...level, chosen: undefined });
  const choose = (chosen: number): void => {
    const last = levels.pop();
    if (last !== undefined) levels.push({ ...last, chosen });
  };
  for (const event of events) {
    switch (event.eventName) {
      case "SegmentChallenged":
        ({ first } = event.args.segmentCase.segment);
        break;
      case "OutcomesRevealed":
        open({
          name: "The segment",
          count: event.args.records.length,
          unit: `iterations from ${formatCount(first)} on`,
        });
        break;
      case "IterationNamed":
        choose(event.args.iteration);
        break;
      case "TraceRevealed":
        open({ name: "The iteration", count: event.args.ids.tensors.length, unit: "tensors" });
        break;
      case "TensorNamed":
        choose(Number(event.args.tensor));
        break;
      case "NodesRevealed":
        open({ name: "The tensor", count: event.args.nodes.length, unit: "groups of rows" });
        break;
      case "NodeNamed":
        choose(Number(event.args.child));
        break;
      case "LeafRevealed":
        break;
      case "ElementNamed": {
        const { element } = event.args;
        const { cols } = element.instruction;
        open({ name: `Row ${formatCount(element.row)}`, count: cols, unit: "elements" });
        choose(Number(element.col));
        break;
      }
      default:
        break;
    }
  }
  return levels;
}

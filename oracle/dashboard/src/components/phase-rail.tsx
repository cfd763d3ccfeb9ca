import { Text, VisuallyHidden } from "@mantine/core";
import type { ReactNode } from "react";

interface PhaseRailProps {
  readonly label: string;
  readonly phases: readonly string[];
  /** Index of the present one; past the last where all are over. */
  readonly current: number;
  /** Below the present one, such as what is left of its time. */
  readonly note?: ReactNode;
}

/** Phases in their order, with where things stand. */
export function PhaseRail({ label, phases, current, note }: PhaseRailProps) {
  return (
    <ol className="rail" aria-label={label}>
      {phases.map((phase, index) => {
        const state = index < current ? "past" : index === current ? "now" : "ahead";
        return (
          <li key={phase} data-state={state} aria-current={state === "now" ? "step" : undefined}>
            {phase}
            {state === "past" ? <VisuallyHidden> (over)</VisuallyHidden> : null}
            {state === "now" && note !== undefined ? (
              <Text size="sm" fw={400} component="div">
                {note}
              </Text>
            ) : null}
          </li>
        );
      })}
    </ol>
  );
}

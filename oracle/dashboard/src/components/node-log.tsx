import { NativeSelect, Stack } from "@mantine/core";
import { useState } from "react";

import { useNode } from "../node/node-context.tsx";
import type { NodeEvent } from "../node/node-feed.ts";
import { Card, Nothing } from "./card.tsx";
import { DataTable } from "./data-table.tsx";
import { shortHex } from "./format.ts";

/** The latest lines that are shown. */
const SHOWN = 100;

/** Fields that have a column of their own, or are of no interest here. */
const OWN: ReadonlySet<string> = new Set(["event", "level", "time", "name", "role", "sequence", "pid", "hostname"]);

/** Addresses and hashes. */
const LONG_HEX = /^0x[\da-f]{40,}$/i;

/** Significant digits of a fraction. */
const DIGITS = 4;

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });

/**
 * What a node says, the latest first, as it comes.
 * @param name of the node, empty where there is but one
 */
export function NodeLog({ name: own }: { readonly name: string }) {
  const node = useNode();
  const events = node.events.filter(({ name }) => own === "" || name === own);
  const [kind, setKind] = useState("");
  const kinds = [...new Set(events.map(({ event }) => event ?? ""))].filter((name) => name !== "").sort();
  const shown = events
    .map((event, index) => ({ event, index }))
    .filter(({ event }) => kind === "" || event.event === kind);
  return (
    <Card title="Log">
      <Stack gap="sm">
        <NativeSelect
          label="Show"
          value={kind}
          data={[{ value: "", label: "everything" }, ...kinds]}
          onChange={(event) => {
            setKind(event.currentTarget.value);
          }}
        />
        {shown.length === 0 ? (
          <Nothing>Nothing was said yet.</Nothing>
        ) : (
          <DataTable
            caption="Log of the node"
            rows={shown.slice(-SHOWN).reverse()}
            keyOf={({ index }) => String(index)}
            columns={[
              {
                title: "Time",
                cell: ({ event }) => (event.time === undefined ? "" : clock.format(new Date(event.time))),
              },
              { title: "Event", cell: ({ event }) => event.event ?? "" },
              { title: "What", cell: ({ event }) => <span className="mono">{fieldsOf(event)}</span> },
            ]}
          />
        )}
      </Stack>
    </Card>
  );
}

function fieldsOf(event: NodeEvent): string {
  return Object.entries(event)
    .filter(([name]) => !OWN.has(name))
    .map(([name, value]) => `${name}=${textOf(value)}`)
    .join(" ")
    .slice(0, 300);
}

/** A line has room for what tells hashes and fractions apart; all of them is in the node's own log. */
function textOf(value: unknown): string {
  if (typeof value === "string") return LONG_HEX.test(value) ? shortHex(value) : value;
  if (typeof value === "number" && !Number.isInteger(value)) return String(Number(value.toPrecision(DIGITS)));
  return JSON.stringify(value);
}

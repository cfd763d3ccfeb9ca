import { Tooltip, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";

import { shortHex } from "./format.ts";

/** A hash or address: its ends, all of it on hover, and copied with a click. */
export function HexText({ value, name = "value" }: { readonly value: string; readonly name?: string }) {
  const { copy, copied } = useClipboard();
  return (
    <Tooltip label={copied ? "copied" : value} withArrow>
      <UnstyledButton
        className="mono"
        onClick={() => {
          copy(value);
        }}
      >
        {shortHex(value)}
        <VisuallyHidden>
          : copy the {name} {value}
        </VisuallyHidden>
      </UnstyledButton>
    </Tooltip>
  );
}

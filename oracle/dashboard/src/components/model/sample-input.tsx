import { encode, GristmillError } from "@gristmill/sdk";
import { Textarea } from "@mantine/core";

import { takesText } from "../../chain/shared-models.ts";

interface SampleInputProps {
  readonly encoder: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** Takes what a model's encoder takes: text, or numbers. */
export function SampleInput({ encoder, value, onChange }: SampleInputProps) {
  const isText = takesText(encoder);
  return (
    <Textarea
      label={isText ? "Text" : "Numbers, with spaces or commas between them"}
      description={`Encoded here, by “${encoder}”, before anything is sent.`}
      autosize
      minRows={2}
      maxRows={6}
      value={value}
      onChange={(event) => {
        onChange(event.currentTarget.value);
      }}
    />
  );
}

/**
 * What a visitor typed, as the model takes it.
 * @throws GristmillError those of the encoders, SAMPLE_EMPTY, SAMPLE_MALFORMED
 */
export function encodeTyped(encoder: string, typed: string): readonly bigint[] {
  if (typed.trim() === "")
    throw new GristmillError("SAMPLE_EMPTY", "There is nothing to encode: type something first.");
  if (takesText(encoder)) return encode(encoder, typed);
  const numbers = typed
    .trim()
    .split(/[\s,;]+/)
    .map(Number);
  const wrong = numbers.findIndex((number) => !Number.isFinite(number));
  if (wrong >= 0) throw new GristmillError("SAMPLE_MALFORMED", `Value ${wrong + 1} is no number.`);
  return encode(encoder, numbers);
}

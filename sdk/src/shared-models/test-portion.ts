import { encodeAbiParameters, type Hex, keccak256 } from "viem";

/** A portion of the test set that a prediction market is judged by. */
export interface TestPortion {
  /** Encoded samples. */
  readonly data: readonly (readonly bigint[])[];
  /** Index of the class of each sample. */
  readonly labels: readonly bigint[];
  /** 32 random bytes, so that the samples cannot be guessed from the commitment. */
  readonly salt: Hex;
}

/** What `PredictionMarket64.open` takes for a portion: keccak256(abi.encode(data, labels, salt)). */
export function commitToPortion({ data, labels, salt }: TestPortion): Hex {
  return keccak256(
    encodeAbiParameters([{ type: "int64[][]" }, { type: "uint64[]" }, { type: "bytes32" }], [data, labels, salt]),
  );
}

import { readCsv } from "./csv.ts";
import type { Examples, Split } from "./examples.ts";
import { readMnist } from "./mnist.ts";
import type { TaskSpec } from "./schema.ts";
import { readSource, type SourceFiles } from "./source-file.ts";
import { drawSyntheticDigits } from "./synthetic-digits.ts";

/**
 * The rows that a spec asks for, training set first, from wherever its format has them.
 *
 * @throws GristmillError SPEC_INVALID, SPEC_FILE_MISSING, SPEC_FILE_CHANGED, DATASET_MALFORMED, DATASET_TOO_SMALL,
 *   DATASET_TOO_LARGE
 */
export async function loadExamples(
  { ml: { dataset, validation } }: { readonly ml: Pick<TaskSpec["ml"], "dataset" | "validation"> },
  files: SourceFiles,
  onWarning: (warning: string) => void,
): Promise<Examples> {
  const split: Split = {
    training: dataset["training-set-size"],
    test: dataset["test-set-size"],
    seed: validation.seed,
  };
  switch (dataset.format) {
    case "MNIST": {
      const read = (part: "images" | "labels"): Promise<Uint8Array> => {
        const field = `ml.dataset.source.${part}`;
        const sha256Field = `ml.dataset.sha256.${part}`;
        const file = { field, path: dataset.source[part], sha256Field, sha256: dataset.sha256?.[part] };
        return readSource(files, file, onWarning);
      };
      return readMnist(await read("images"), await read("labels"), split);
    }
    case "CSV": {
      const { source, sha256 } = dataset;
      const field = "ml.dataset.source.file";
      const file = { field, path: source.file, sha256Field: "ml.dataset.sha256", sha256 };
      return readCsv(await readSource(files, file, onWarning), source, split);
    }
    case "synthetic-digits":
      return drawSyntheticDigits(dataset.source.seed, split);
  }
}

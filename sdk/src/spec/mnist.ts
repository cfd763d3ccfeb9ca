import { BIAS_INPUT, chooseRows, type Examples, type Split } from "./examples.ts";
import { specError } from "./spec-error.ts";

interface Idx {
  /** Sizes of the dimensions, outermost first. */
  readonly sizes: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Examples from MNIST's two IDX files (http://yann.lecun.com/exdb/mnist/): u8 [rows][height][width] of gray levels, which
 * become 0..127, and u8 [rows] of labels.
 *
 * @throws GristmillError DATASET_MALFORMED, DATASET_TOO_SMALL
 */
export function readMnist(images: Uint8Array, labels: Uint8Array, split: Split): Examples {
  const pixels = readIdx(images, 3, "ml.dataset.source.images");
  const classOf = readIdx(labels, 1, "ml.dataset.source.labels");
  const [rows = 0, height = 0, width = 0] = pixels.sizes;
  if (classOf.sizes[0] !== rows) {
    throw specError("DATASET_MALFORMED", {
      field: "ml.dataset.source.labels",
      problem: `has ${String(classOf.sizes[0])} labels for ${rows} images`,
      mend: "Name the labels that belong to the images.",
    });
  }
  const order = chooseRows(rows, split);
  const inputs = height * width;
  const x = new Int8Array(order.length * (inputs + 1));
  const y = new Uint8Array(order.length);
  for (const [target, source] of order.entries()) {
    const start = target * (inputs + 1);
    for (let i = 0; i < inputs; i++) x[start + i] = Math.floor((pixels.data[source * inputs + i]! * 127 + 127) / 255);
    x[start + inputs] = BIAS_INPUT;
    y[target] = classOf.data[source]!;
  }
  const classes = classOf.data.reduce((highest, label) => Math.max(highest, label), 1) + 1;
  return { inputs, classes: Array.from({ length: classes }, (_, label) => String(label)), x, y };
}

/** An IDX file of unsigned bytes: 0, 0, 0x08, number of dimensions, then each size as u32 big-endian, then the bytes. */
function readIdx(bytes: Uint8Array, dimensions: number, field: string): Idx {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerBytes = 4 + 4 * dimensions;
  if (bytes.length < headerBytes || view.getUint32(0) !== 0x0800 + dimensions) {
    throw specError("DATASET_MALFORMED", {
      field,
      problem: `names a file that is not IDX of unsigned bytes in ${dimensions} dimension${dimensions > 1 ? "s" : ""}`,
      mend: "Name the original MNIST file, packed or not; images and labels must not be exchanged.",
    });
  }
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const length = headerBytes + sizes.reduce((product, size) => product * size, 1);
  if (bytes.length !== length || length === headerBytes) {
    throw specError("DATASET_MALFORMED", {
      field,
      problem: `names a file of ${bytes.length} bytes whose header promises ${length}`,
      mend: "Fetch the file again.",
    });
  }
  return { sizes, data: bytes.subarray(headerBytes) };
}

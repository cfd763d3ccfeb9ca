import { createHash } from "node:crypto";
import { expect } from "chai";
import { readCsv } from "../../../sdk/src/spec/csv.ts";
import { chooseRows, cutBatches } from "../../../sdk/src/spec/examples.ts";
import { readMnist } from "../../../sdk/src/spec/mnist.ts";
import { drawSyntheticDigits } from "../../../sdk/src/spec/synthetic-digits.ts";
import { CSV_TEXT, expectRefusal, thrown, utf8 } from "./spec-fixtures.ts";
import { idx } from "./idx-fixture.ts";

const inOrder = (training: number, test: number) => ({ training, test, seed: undefined });

describe("chooseRows", () => {
  it("takes the first rows where there is no seed", () => {
    expect([...chooseRows(9, inOrder(3, 2))]).to.deep.equal([0, 1, 2, 3, 4]);
  });

  it("takes each row at most once, in an order that the seed decides", () => {
    const orders = [1, 1, 2].map((seed) => [...chooseRows(100, { training: 90, test: 10, seed })]);
    expect(new Set(orders[0])).to.have.length(100);
    expect(orders[0]).to.deep.equal(orders[1]);
    expect(orders[0]).not.to.deep.equal(orders[2]);
    expect(orders[0]).not.to.deep.equal(orders[0]!.toSorted((a, b) => a - b));
  });

  it("refuses to take more rows than there are", () => {
    const error = thrown(() => chooseRows(9, inOrder(8, 2)));
    expectRefusal(error, "DATASET_TOO_SMALL", "8 + 2 rows, but the data has 9", "Lower them to 9");
  });
});

describe("cutBatches", () => {
  const examples = drawSyntheticDigits(1, inOrder(11, 5));

  it("drops training rows that do not fill a batch, and no test rows", () => {
    const { train, test } = cutBatches(examples, 11, 4);
    expect(train.batches.map(({ x }) => x.rows)).to.deep.equal([4, 4]);
    expect(test.batches.map(({ x }) => x.rows)).to.deep.equal([4, 1]);
    expect(test.batches[0]!.x.data).to.deep.equal(examples.x.slice(11 * 257, 15 * 257));
    expect(test.batches[1]!.y.data).to.deep.equal(examples.y.slice(15));
  });

  it("refuses a training set that is smaller than a batch", () => {
    expectRefusal(
      thrown(() => cutBatches(examples, 11, 12)),
      "DATASET_TOO_SMALL",
      "ml.dataset.training-set-size is 11",
    );
  });
});

describe("readMnist", () => {
  const images = idx([3, 1, 2], [0, 255, 128, 1, 2, 3]);
  const labels = idx([3], [7, 0, 9]);

  it("scales gray levels to 0..127 and appends the bias", () => {
    const examples = readMnist(images, labels, inOrder(2, 1));
    expect(examples.inputs).to.equal(2);
    expect(examples.classes).to.have.length(10);
    expect([...examples.x]).to.deep.equal([0, 127, 127, 64, 0, 127, 1, 1, 127]);
    expect([...examples.y]).to.deep.equal([7, 0, 9]);
  });

  it("keeps images and labels together when it shuffles", () => {
    const { x, y } = readMnist(images, labels, { training: 2, test: 1, seed: 5 });
    const firstInputOf = new Map([...y].map((label, row) => [label, x[3 * row]]));
    expect(firstInputOf).to.deep.equal(
      new Map([
        [7, 0],
        [0, 64],
        [9, 1],
      ]),
    );
  });

  it("refuses files that are not IDX, exchanged, cut off, or do not belong together", () => {
    const cases = [
      [utf8("hello, world"), labels, "ml.dataset.source.images"],
      [labels, images, "ml.dataset.source.images"],
      [images, images, "ml.dataset.source.labels"],
      [images.slice(0, -1), labels, "21 bytes whose header promises 22"],
      [images, idx([2], [1, 2]), "2 labels for 3 images"],
    ] as const;
    for (const [a, b, place] of cases) {
      expectRefusal(
        thrown(() => readMnist(a, b, inOrder(1, 1))),
        "DATASET_MALFORMED",
        place,
      );
    }
  });
});

describe("readCsv", () => {
  const source = { file: "data.csv", delimiter: ",", header: false, nominal: [] };

  it("makes an input of each value of a nominal column and standardises numbers by the training rows", () => {
    const { inputs, classes, x, y } = readCsv(utf8(CSV_TEXT), source, inOrder(3, 5));
    expect(inputs).to.equal(3);
    expect(classes).to.deep.equal(["x", "y"]);
    // mean 2, deviation sqrt(2/3): a step of 1 is 127 / (3 * 0.8165) = 51.8
    expect([...x.subarray(0, 16)]).to.deep.equal([127, 0, -52, 127, 0, 127, 0, 127, 127, 0, 52, 127, 0, 127, 104, 127]);
    expect(x[4 * 7 + 2]).to.equal(127); // 8 lies more than three deviations away
    expect([...y]).to.deep.equal([0, 1, 0, 1, 0, 1, 0, 1]);
  });

  it("finds label and nominal columns by the names of the header", () => {
    const table = utf8("kind;age;size\n1;3;10\n2;4;-1\n");
    const named = { ...source, delimiter: ";", header: true, label: "age", nominal: ["kind"] };
    const { inputs, classes, x } = readCsv(table, named, inOrder(1, 1));
    expect(inputs).to.equal(3);
    expect(classes).to.deep.equal(["3", "4"]);
    expect([...x]).to.deep.equal([127, 0, 0, 127, 0, 127, 0, 127]); // a constant column of the training rows reads as 0
  });

  it("orders integer labels by their value", () => {
    const { classes, y } = readCsv(utf8("1,10\n2,9\n3,100\n"), source, inOrder(2, 1));
    expect(classes).to.deep.equal(["9", "10", "100"]);
    expect([...y]).to.deep.equal([1, 0, 2]);
  });

  it("groups numeric labels by bins", () => {
    const { classes, y } = readCsv(utf8("1,8.5\n2,9\n3,10\n4,11\n"), { ...source, bins: [9, 11] }, inOrder(3, 1));
    expect(classes).to.deep.equal(["below 9", "9 to below 11", "11 and more"]);
    expect([...y]).to.deep.equal([0, 1, 1, 2]);
  });

  it("refuses columns that do not exist", () => {
    const read = (change: object) => thrown(() => readCsv(utf8(CSV_TEXT), { ...source, ...change }, inOrder(1, 1)));
    expectRefusal(read({ label: 3 }), "SPEC_INVALID", "ml.dataset.source.label is 3", "from 0 to 2");
    expectRefusal(read({ label: "age" }), "SPEC_INVALID", "names need header: true");
    expectRefusal(read({ header: true, nominal: ["age"] }), "SPEC_INVALID", "ml.dataset.source.nominal[0] is age");
  });

  it("refuses tables that cannot be learnt from, naming the row", () => {
    const read = (text: string, change: object = {}) =>
      thrown(() => readCsv(utf8(text), { ...source, ...change }, inOrder(1, 1)));
    expectRefusal(read(""), "DATASET_MALFORMED", "at least one row");
    expectRefusal(read("1\n2\n"), "DATASET_MALFORMED", "two columns");
    expectRefusal(read("1,2\n1,2,3\n"), "DATASET_MALFORMED", "line 2");
    expectRefusal(read("1,2\n?,3\n"), "DATASET_MALFORMED", "no value in row 2, column 0");
    expectRefusal(read("n,l\n1,2\n,3\n", { header: true }), "DATASET_MALFORMED", "no value in row 3, column n");
    expectRefusal(read("1,2\n2,2\n"), "DATASET_MALFORMED", "1 different labels");
    expectRefusal(read("1,2\n2,old\n", { bins: [1] }), "DATASET_MALFORMED", 'label "old" in row 2');
    const many = Array.from({ length: 257 }, (_, i) => `1,${i}`).join("\n");
    expectRefusal(read(many), "DATASET_MALFORMED", "257 different labels", "bins");
  });
});

describe("drawSyntheticDigits", () => {
  it("draws the same bytes on every machine", () => {
    const { x, y } = drawSyntheticDigits(1, inOrder(60, 4));
    const digest = createHash("sha256").update(x).update(y).digest("hex");
    expect(digest).to.equal("846bdf0d32e9caeb64b522c6e941f617c77afd4dfa260294b2084e954420c3ba");
  });

  it("draws a prefix of any larger set of the same seed, and another set for another seed", () => {
    const small = drawSyntheticDigits(1, inOrder(2, 1));
    expect(small.x).to.deep.equal(drawSyntheticDigits(1, inOrder(5, 1)).x.slice(0, small.x.length));
    expect(small.x).not.to.deep.equal(drawSyntheticDigits(2, inOrder(2, 1)).x);
  });

  it("draws each digit about as often, in inputs from 0 to 127 with the bias", () => {
    const { inputs, classes, x, y } = drawSyntheticDigits(3, inOrder(900, 100));
    expect(inputs).to.equal(256);
    expect(classes).to.have.length(10);
    for (let digit = 0; digit < 10; digit++) expect(y.filter((label) => label === digit).length).to.be.within(60, 140);
    expect(x.every((value) => value >= 0)).to.equal(true);
    for (let row = 0; row < y.length; row++) expect(x[257 * row + 256]).to.equal(127);
  });
});

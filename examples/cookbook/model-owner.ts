// The owner of a shared model (deploy one with `npx hardhat deploy-model FILE --network NAME`): asks it, teaches it, and
// reports what others taught it wrongly.
//
//   node examples/cookbook/model-owner.ts predict TRAINER "a wonderful film"
//   node examples/cookbook/model-owner.ts teach TRAINER "a wonderful film" Positive
//   node examples/cookbook/model-owner.ts report TRAINER "a wonderful film" Negative ADDED_TIME AUTHOR

import {
  addData,
  encode,
  GristmillError,
  isContractError,
  predict,
  quoteAddData,
  readSharedModel,
  reportData,
} from "@gristmill/sdk";
import { type Address, formatEther } from "viem";

import { connect } from "./connect.ts";

const { client } = await connect();
const [command, trainer = "", text = "", label = "", addedTime = "", author = ""] = process.argv.slice(2);
const model = await readSharedModel(client, trainer as Address);
const data = encode(model.encoder, text);

/** The index of a class by its name. */
function classNamed(name: string): bigint {
  const index = model.classes.indexOf(name);
  if (index >= 0) return BigInt(index);
  throw new GristmillError("EXAMPLE_CLASS_UNKNOWN", `The model has no class ${name}.`, {
    hints: [`it has ${model.classes.join(", ")}`],
  });
}

async function teach(): Promise<void> {
  const quote = await quoteAddData(client, model);
  // Half as much again, in case others come first: what is not needed returns.
  const sample = { model, data, classification: classNamed(label), offer: (quote * 3n) / 2n };
  const { deposit, addedTime: time } = await addData(client, sample);
  console.log(`taught for ${formatEther(deposit)} ether at ${time}`);
}

async function report(): Promise<void> {
  const sample = { data, classification: classNamed(label), addedTime: BigInt(addedTime), author: author as Address };
  try {
    const { outcome } = await reportData(client, { model, ...sample });
    if (outcome.kind === "paid") console.log(`earned ${formatEther(outcome.amount)} ether`);
    else console.log(`announced: report again from ${new Date(Number(outcome.payableFrom) * 1_000).toISOString()} on`);
  } catch (error) {
    if (!isContractError(error)) throw error;
    console.log(`refused: ${error.message} ${error.hints.join(" ")}`);
  }
}

if (command === "predict") console.log((await predict(client, model, data)).name);
else if (command === "teach") await teach();
else if (command === "report") await report();
else
  console.log("model-owner.ts predict TRAINER TEXT | teach TRAINER TEXT LABEL | report TRAINER TEXT LABEL TIME AUTHOR");

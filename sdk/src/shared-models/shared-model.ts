import {
  type Address,
  BaseError,
  ContractFunctionExecutionError,
  ContractFunctionRevertedError,
  type PublicClient,
} from "viem";

import { classifier64Abi } from "../contracts/abis/classifier64.ts";
import { collaborativeTrainer64Abi } from "../contracts/abis/collaborative-trainer64.ts";
import { GristmillError } from "../errors.ts";

/** What is needed of a viem client: any of its public clients has it. */
export type ReadClient = Pick<PublicClient, "readContract" | "getCode">;

/** A shared model as it stands on a chain. */
export interface SharedModelParts {
  readonly trainer: Address;
  readonly name: string;
  readonly description: string;
  /** See {@link encode}. */
  readonly encoder: string;
  readonly dataHandler: Address;
  readonly incentiveMechanism: Address;
  readonly classifier: Address;
  /** Names of the classes; predictions are indices. */
  readonly classes: readonly string[];
  /** Which outputs of the encoder the model uses; all if there are none. */
  readonly featureIndices: readonly number[];
}

/**
 * Reads the parts of a shared model and checks that they are the trainer's: otherwise somebody can still change the model
 * or the rules.
 * @throws GristmillError SHARED_MODEL_NOT_FOUND, SHARED_MODEL_NOT_OWNED
 */
export async function readSharedModel(client: ReadClient, trainer: Address): Promise<SharedModelParts> {
  const texts = await readTrainer(client, trainer);
  if (texts === undefined) {
    throw new GristmillError("SHARED_MODEL_NOT_FOUND", `There is no CollaborativeTrainer64 at ${trainer}.`, {
      hints: ["check the address and the network"],
    });
  }
  const [name, description, encoder, dataHandler, incentiveMechanism, classifier] = texts;
  for (const [part, address] of Object.entries({ dataHandler, incentiveMechanism, classifier })) {
    const owner = await client.readContract({ address, abi: classifier64Abi, functionName: "owner" });
    if (owner.toLowerCase() !== trainer.toLowerCase()) {
      throw new GristmillError(
        "SHARED_MODEL_NOT_OWNED",
        `The ${part} ${address} belongs to ${owner}, not to ${trainer}.`,
        {
          hints: [
            "whoever owns a part can change it: do not stake on this model",
            "its deployer can finish with transferOwnership",
          ],
        },
      );
    }
  }
  const reader = { address: classifier, abi: classifier64Abi } as const;
  const [numClasses, numIndices] = await Promise.all([
    client.readContract({ ...reader, functionName: "getNumClassifications" }),
    client.readContract({ ...reader, functionName: "getNumFeatureIndices" }),
  ]);
  const [classes, featureIndices] = await Promise.all([
    Promise.all(
      below(numClasses).map((i) => client.readContract({ ...reader, functionName: "classifications", args: [i] })),
    ),
    Promise.all(
      below(numIndices).map((i) => client.readContract({ ...reader, functionName: "featureIndices", args: [i] })),
    ),
  ]);
  return { trainer, name, description, encoder, dataHandler, incentiveMechanism, classifier, classes, featureIndices };
}

/** The class that a model gives to a sample. */
export interface Prediction {
  readonly index: number;
  readonly name: string;
}

/**
 * What a shared model says of an encoded sample, now and for free (`eth_call`).
 * @param data see {@link encode}
 * @throws GristmillError PREDICTION_REFUSED with the contract's reason
 */
export async function predict(
  client: ReadClient,
  { classifier, classes }: Pick<SharedModelParts, "classifier" | "classes">,
  data: readonly bigint[],
): Promise<Prediction> {
  try {
    const index = await client.readContract({
      address: classifier,
      abi: classifier64Abi,
      functionName: "predict",
      args: [data],
    });
    return { index: Number(index), name: classes[Number(index)] ?? String(index) };
  } catch (cause) {
    throw new GristmillError(
      "PREDICTION_REFUSED",
      `The model ${classifier} does not predict this sample: ${reasonOf(cause)}.`,
      {
        hints: [
          "encode the input with the encoder that the trainer names",
          "dense samples need one value for each weight",
        ],
        cause,
      },
    );
  }
}

/** The contract's error with its values, or else what the node says. */
function reasonOf(error: unknown): string {
  if (!(error instanceof BaseError)) return String(error);
  const reverted = error.walk((inner) => inner instanceof ContractFunctionRevertedError);
  const data = reverted instanceof ContractFunctionRevertedError ? reverted.data : undefined;
  return data === undefined ? error.shortMessage : `${data.errorName}(${(data.args ?? []).join(", ")})`;
}

/** What the trainer says of itself, or undefined where there is none. */
async function readTrainer(client: ReadClient, address: Address) {
  if ((await client.getCode({ address })) === undefined) return undefined;
  const trainer = { address, abi: collaborativeTrainer64Abi } as const;
  try {
    return await Promise.all([
      client.readContract({ ...trainer, functionName: "name" }),
      client.readContract({ ...trainer, functionName: "description" }),
      client.readContract({ ...trainer, functionName: "encoder" }),
      client.readContract({ ...trainer, functionName: "dataHandler" }),
      client.readContract({ ...trainer, functionName: "incentiveMechanism" }),
      client.readContract({ ...trainer, functionName: "classifier" }),
    ]);
  } catch (error) {
    if (error instanceof ContractFunctionExecutionError) return undefined;
    throw error;
  }
}

function below(count: bigint): bigint[] {
  return Array.from({ length: Number(count) }, (_, index) => BigInt(index));
}

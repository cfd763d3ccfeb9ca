import { GristmillError } from "@gristmill/sdk";
import { BaseError, ContractFunctionRevertedError, NonceTooLowError, RpcRequestError } from "viem";

/** Says why a call could not be sent: which custom error refused it, with its arguments, or what went wrong on the way. */
export function failureOf(functionName: string, cause: unknown): GristmillError {
  if (cause instanceof GristmillError) return cause;
  if (cause instanceof BaseError) {
    const revert = cause.walk((error) => error instanceof ContractFunctionRevertedError);
    if (revert instanceof ContractFunctionRevertedError) {
      const name = revert.data?.errorName ?? revert.signature ?? revert.reason ?? "no reason given";
      const values = revert.data?.args?.map(String).join(", ") ?? "";
      return new GristmillError("CHAIN_REVERTED", `the contract refused ${functionName}: ${name}(${values})`, {
        cause,
      });
    }
    const known = cause.walk((error) => error instanceof GristmillError);
    if (known instanceof GristmillError) return known;
    return new GristmillError("CHAIN_FAILED", `${functionName} could not be sent: ${cause.shortMessage}`, { cause });
  }
  return new GristmillError("CHAIN_FAILED", `${functionName} could not be sent: ${String(cause)}`, { cause });
}

/** Whether a transaction was refused because another one, mined or waiting, has its nonce. */
export function isNonceTaken(error: unknown): boolean {
  return (
    error instanceof BaseError &&
    (error.walk((cause) => cause instanceof NonceTooLowError) !== null ||
      /nonce too low|replacement transaction underpriced/i.test(error.message))
  );
}

/** Whether an endpoint answered a request, with a refusal, and did not just fail to. */
export function isAnswer(error: unknown): boolean {
  return error instanceof BaseError && error.walk((cause) => cause instanceof RpcRequestError) !== null;
}

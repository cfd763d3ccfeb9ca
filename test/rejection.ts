import { expect } from "chai";

/** What a promise is rejected with; fails where it is fulfilled. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail("was expected to reject, but was fulfilled"),
    (reason: unknown) => reason,
  );
}

/** The same value as ethers' types want it: nothing in it is readonly. */
export type AbiValue<T> = T extends readonly (infer Element)[]
  ? AbiValue<Element>[]
  : T extends object
    ? { -readonly [Key in keyof T]: AbiValue<T[Key]> }
    : T;

/** A copy of a struct of the SDK, whose arrays are readonly, that can be given to a contract. */
export function abiValue<T>(value: T): AbiValue<T> {
  return structuredClone(value) as AbiValue<T>;
}

import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

import { GristmillError } from "@gristmill/sdk";

/** A custom error as a contract declares it. */
export interface DeclaredError {
  readonly name: string;
  /** The contract whose interface it stands in. */
  readonly contract: string;
  /** Its NatSpec notice: what is wrong, and mostly the mend. */
  readonly notice: string | undefined;
}

/** An enum with its members in order, the number of each being its place. */
export interface DeclaredEnum {
  readonly name: string;
  readonly members: readonly { readonly name: string; readonly about: string | undefined }[];
}

/** What ABIs do not tell, from the contracts' sources. */
export class SoliditySources {
  readonly #files: ReadonlyMap<string, string>;

  constructor(root: string) {
    const paths = globSync("contracts/**/*.sol", { cwd: root, exclude: (name) => name === "mocks" }).sort();
    this.#files = new Map(paths.map((path) => [path, readFileSync(join(root, path), "utf8")]));
  }

  /** Every custom error, by name. */
  errors(): ReadonlyMap<string, DeclaredError> {
    const errors = new Map<string, DeclaredError>();
    for (const [path, source] of this.#files) {
      // IStakeManager.sol holds the errors of StakeManager.
      const contract = basename(path, ".sol").replace(/^I(?=[A-Z])/, "");
      for (const [, natSpec = "", name = ""] of source.matchAll(/((?:^ *\/\/\/.*\n)*)^ *error (\w+)\(/gm)) {
        errors.set(name, { name, contract, notice: noticeOf(natSpec) });
      }
    }
    return errors;
  }

  /** @throws GristmillError GENERATE_NO_ENUM, GENERATE_ENUM_TWICE: the SDK could say only one of them by this name */
  enumNamed(name: string): DeclaredEnum {
    const pattern = new RegExp(`^ *enum ${name} \\{\\n([^]*?)\\n *\\}`, "m");
    const declared = [...this.#files].flatMap(([path, source]) => {
      const body = pattern.exec(source)?.[1];
      return body === undefined ? [] : [{ path, body }];
    });
    const [first, ...others] = declared;
    if (first === undefined) {
      throw new GristmillError("GENERATE_NO_ENUM", `No contract declares an enum ${name}.`, {
        hints: ["correct ENUMS in scripts/generate-sdk.ts"],
      });
    }
    if (others.length > 0) {
      const paths = declared.map(({ path }) => path).join(" and ");
      throw new GristmillError("GENERATE_ENUM_TWICE", `An enum ${name} is declared in ${paths}.`, {
        hints: ["give one of them another name"],
      });
    }
    const members = [...first.body.matchAll(/^ *(\w+),?(?: \/\/ (.*))?$/gm)].map(([, member = "", about]) => ({
      name: member,
      about: about === undefined ? undefined : plain(about),
    }));
    return { name, members };
  }
}

/** The notice of a NatSpec comment as one line, references without their braces. */
function noticeOf(natSpec: string): string | undefined {
  const text = natSpec
    .split("\n")
    .map((line) => line.replace(/^ *\/\/\/ ?/, ""))
    .join(" ");
  const notice = /@notice (.*?)(?: @\w+ .*)?$/.exec(text.trim())?.[1];
  return notice === undefined ? undefined : plain(notice);
}

/** References as names in code. */
function plain(text: string): string {
  return text.replace(/\{(?:I?\w+-)?([\w.]+)\}/g, "`$1`").trim();
}

import reactHooks from "eslint-plugin-react-hooks";
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  globalIgnores([
    ".tools/",
    "artifacts/",
    "cache/",
    "types/",
    "dist/",
    "sdk/dist/",
    "oracle/dist/",
    "oracle/dashboard/dist/",
  ]),
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    linterOptions: { reportUnusedDisableDirectives: "error", noInlineConfig: true },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "no-restricted-syntax": [
        "error",
        {
          selector: "NewExpression[callee.name='Error']",
          message: "Throw a GristmillError: a stable code, one sentence, hints that name the mend.",
        },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      // Brackets say that the key may be missing: the record has an index signature.
      "@typescript-eslint/dot-notation": ["error", { allowIndexSignaturePropertyAccess: true }],
      // Numbers, ids and addresses read well in templates; objects and undefined do not.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      // An event handler or a reply may be asynchronous by its interface without awaiting anything.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    },
  },
  {
    // A kernel's loop bound is its proof that an index is inside; a check per element would cost the speed it is for.
    files: ["sdk/src/**/*.ts", "oracle/src/**/*.ts", "test/**/*.ts", "scripts/**/*.ts"],
    rules: { "@typescript-eslint/no-non-null-assertion": "off" },
  },
  {
    // What programs print is their product.
    files: ["examples/**/*.ts", "scripts/**/*.ts", "scripts/**/*.mjs", "oracle/src/cli/**/*.ts"],
    rules: { "no-console": "off" },
  },
  {
    files: ["oracle/dashboard/src/**/*.{ts,tsx}"],
    extends: [reactHooks.configs.flat["recommended-latest"]],
  },
  {
    // Chai asserts with property getters.
    files: ["test/**/*.ts"],
    rules: { "@typescript-eslint/no-unused-expressions": "off" },
  },
  {
    files: ["**/*.js", "**/*.mjs"],
    extends: [tseslint.configs.disableTypeChecked],
  },
  {
    // Runs before any package is installed, GristmillError included, and it has no types to check.
    files: ["scripts/bootstrap.mjs"],
    rules: { "no-restricted-syntax": "off" },
  },
);

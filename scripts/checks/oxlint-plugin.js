// The rule that is this repository's own, for oxlint.

/** Errors that a user may meet have a stable code and name the mend. */
const stableErrorCodes = {
  create: (context) => ({
    NewExpression(node) {
      if (node.callee.type !== "Identifier" || node.callee.name !== "Error") return;
      context.report({
        node,
        message: "Throw a GristmillError: a stable code, one sentence, hints that name the mend.",
      });
    },
  }),
};

export default { meta: { name: "gristmill" }, rules: { "stable-error-codes": stableErrorCodes } };

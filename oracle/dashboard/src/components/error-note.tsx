import { Alert, Code, List, Text } from "@mantine/core";

import { explainError } from "../chain/explain-error.ts";

/** An error, said once, where it matters. */
export function ErrorNote({ error, title }: { readonly error: unknown; readonly title: string }) {
  const { sentence, detail, hints } = explainError(error);
  return (
    <Alert color="red" variant="outline" title={title} role="alert">
      <Text size="sm">{sentence}</Text>
      {detail === undefined ? null : <Code className="mono">{detail}</Code>}
      {hints.length === 0 ? null : (
        <List size="sm" mt="xs">
          {hints.map((hint) => (
            <List.Item key={hint}>{hint}</List.Item>
          ))}
        </List>
      )}
    </Alert>
  );
}

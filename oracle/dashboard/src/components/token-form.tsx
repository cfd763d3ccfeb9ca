import { Button, Group, PasswordInput } from "@mantine/core";
import type { SubmitEvent } from "react";
import { useState } from "react";

import { useNodeToken } from "../node/node-context.tsx";

/** Asks for the token of the node's API, without which it writes nothing. */
export function TokenForm() {
  const [, setToken] = useNodeToken();
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const isToken = /^[0-9a-f]{64}$/.test(text.trim());
    setError(isToken ? undefined : "A token has 64 hexadecimal digits.");
    if (isToken) setToken(text.trim());
  };
  return (
    <form onSubmit={submit} noValidate>
      <Group align="flex-start">
        <PasswordInput
          label="The node's token"
          description="The line in api.token of its data folder. It stays in this tab."
          value={text}
          error={error}
          w={{ base: "100%", sm: 460 }}
          onChange={(event) => {
            setText(event.currentTarget.value);
          }}
        />
        <Button type="submit" variant="default" mt={{ base: 0, sm: 46 }}>
          Use it
        </Button>
      </Group>
    </form>
  );
}

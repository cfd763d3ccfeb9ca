import "@mantine/core/styles.css";
import "./style.css";

import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Connect } from "./connect.tsx";
import { takeToken } from "./node/node-token.ts";
import { cssVariables, theme } from "./theme.ts";

takeToken();

const queries = new QueryClient({ defaultOptions: { queries: { networkMode: "always" } } });

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto">
        <QueryClientProvider client={queries}>
          <Connect />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}

import type { ReactNode } from "react";
import { Component } from "react";

import { ErrorNote } from "./error-note.tsx";

/** Keeps the frame alive when a page fails. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, { readonly error: unknown }> {
  override state = { error: undefined as unknown };

  static getDerivedStateFromError(error: unknown): { error: unknown } {
    return { error };
  }

  override render(): ReactNode {
    if (this.state.error === undefined) return this.props.children;
    return <ErrorNote error={this.state.error} title="This page failed" />;
  }
}

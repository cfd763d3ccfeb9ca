import type { CSSVariablesResolver, MantineColorsTuple } from "@mantine/core";
import { createTheme } from "@mantine/core";

/** Ground grain: the one colour of its own that the page has. */
const grain: MantineColorsTuple = [
  "#fdf6ec",
  "#f7e8d0",
  "#efd0a0",
  "#e6b66d",
  "#dea045",
  "#c98322",
  "#ad6a14",
  "#8c540d",
  "#70430a",
  "#553206",
];

export const theme = createTheme({
  colors: { grain },
  primaryColor: "grain",
  // Dark enough for white text on it, and for itself on white: a contrast of at least 4.5.
  primaryShade: 7,
  defaultRadius: "md",
  // The system's own: the page asks no host for fonts.
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
  headings: { fontWeight: "650", sizes: { h1: { fontSize: "1.6rem" }, h2: { fontSize: "1.15rem" } } },
  cursorType: "pointer",
});

/** Mantine's muted text is too pale to read on its own grounds (WCAG 1.4.3). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { "--mantine-color-dimmed": "#5c636a", "--mantine-color-body": "#fbfaf8", "--surface": "#ffffff" },
  dark: { "--mantine-color-dimmed": "#a6adb5", "--mantine-color-body": "#17181a", "--surface": "#202225" },
});

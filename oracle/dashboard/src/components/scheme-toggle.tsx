import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";

/** Light or dark; until it is used, the system decides. */
export function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const other = useComputedColorScheme("light") === "light" ? "dark" : "light";
  return (
    <ActionIcon
      variant="default"
      size="lg"
      aria-label={`Use the ${other} scheme`}
      onClick={() => {
        setColorScheme(other);
      }}
    >
      <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true" fill="currentColor">
        <path d="M9 1a8 8 0 1 0 0 16A8 8 0 0 0 9 1Zm0 1.8v12.4A6.2 6.2 0 0 1 9 2.8Z" />
      </svg>
    </ActionIcon>
  );
}

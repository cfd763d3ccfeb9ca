import { Group, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { useId } from "react";

interface CardProps {
  readonly title: string;
  /** Beside the title, such as a link or a button. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

/** A part of a page under its title. */
export function Card({ title, aside, children }: CardProps) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <Group justify="space-between" mb="sm">
        <Title order={2} id={id}>
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </section>
  );
}

interface FigureProps {
  readonly label: string;
  /** Undefined while it is not known. */
  readonly value: ReactNode;
  readonly note?: ReactNode;
}

/** One figure, large. */
export function Figure({ label, value, note }: FigureProps) {
  return (
    <div className="card">
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      <p className="figure" data-figure={label}>
        {value ?? "…"}
      </p>
      {note === undefined ? null : (
        <Text size="sm" c="dimmed">
          {note}
        </Text>
      )}
    </div>
  );
}

/** A page's name, and what stands beside it. */
export function PageTitle({ title, children }: { readonly title: ReactNode; readonly children?: ReactNode }) {
  return (
    <Group justify="space-between" mb="lg">
      <Title order={1}>{title}</Title>
      {children}
    </Group>
  );
}

/** Said where there is nothing to show, and why. */
export function Nothing({ children }: { readonly children: ReactNode }) {
  return (
    <Text c="dimmed" size="sm">
      {children}
    </Text>
  );
}

import "uplot/dist/uPlot.min.css";

import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import uPlot from "uplot";

/** One line of a chart. */
export interface Series {
  readonly name: string;
  /** Points by ascending x. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

interface LineChartProps {
  /** Said to screen readers, with the lines' latest values. */
  readonly label: string;
  readonly series: readonly Series[];
  readonly xLabel: string;
  readonly format: (value: number) => string;
  readonly height?: number;
}

/** Told apart by lightness as well as by hue, in both schemes (after Okabe and Ito). */
const COLOURS = {
  light: ["#0072b2", "#b35c00", "#00785a", "#a0457f", "#5b5b5b", "#6a3d9a"],
  dark: ["#56b4e9", "#e69f00", "#35c79c", "#e68fc0", "#c8c8c8", "#b79be0"],
} as const;

/** Points drawn a line at most; more are thinned out evenly. */
const MOST_POINTS = 800;

/** Lines over a common x axis; y values are read off under the pointer. */
export function LineChart({ label, series, xLabel, format, height = 240 }: LineChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const scheme = useComputedColorScheme("light");
  const data = align(series);
  const latest = series.map(({ name, points }) => {
    const last = points.at(-1);
    return `${name} ${last === undefined ? "has no points yet" : `is at ${format(last[1])}`}`;
  });
  const names = series.map(({ name }) => name).join("\n");

  useEffect(() => {
    const { current: target } = place;
    if (target === null) return undefined;
    const style = getComputedStyle(target);
    const axis = {
      stroke: style.color,
      grid: { stroke: style.getPropertyValue("--mantine-color-default-border"), width: 1 },
      ticks: { show: false },
    };
    const created = new uPlot(
      {
        width: target.clientWidth,
        height,
        scales: { x: { time: false } },
        axes: [
          { ...axis, label: xLabel, labelSize: 20 },
          { ...axis, size: 60, values: (_, splits) => splits.map(format) },
        ],
        series: [
          { label: xLabel },
          ...names.split("\n").map((name, index) => ({
            label: name,
            stroke: COLOURS[scheme][index % COLOURS[scheme].length] ?? "currentColor",
            width: 2,
            spanGaps: true,
            value: (_: uPlot, value: number | null) => (value === null ? "–" : format(value)),
          })),
        ],
      },
      undefined,
      target,
    );
    plot.current = created;
    const observer = new ResizeObserver(() => {
      created.setSize({ width: target.clientWidth, height });
    });
    observer.observe(target);
    return () => {
      observer.disconnect();
      created.destroy();
      plot.current = null;
    };
  }, [format, height, names, scheme, xLabel]);

  useEffect(() => {
    plot.current?.setData(data);
  });

  return (
    <div
      ref={place}
      className="chart"
      role="img"
      aria-label={`${label}: ${latest.join("; ")}`}
      data-points={data[0].length}
    />
  );
}

/** All lines over the union of their x values, as uPlot takes them. */
function align(series: readonly Series[]): uPlot.AlignedData {
  const thinned = series.map(({ points }) => {
    const step = Math.ceil(points.length / MOST_POINTS);
    return new Map(points.filter((_, index) => index % step === 0 || index === points.length - 1));
  });
  const xs = [...new Set(thinned.flatMap((points) => [...points.keys()]))].sort((a, b) => a - b);
  return [xs, ...thinned.map((points) => xs.map((x) => points.get(x) ?? null))] as uPlot.AlignedData;
}

import { formatEther } from "viem";

const amounts = new Intl.NumberFormat("en", { maximumFractionDigits: 4 });
const counts = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const times = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** GRIST or ether wei with up to four decimals; amounts too small to show as such say so. */
export function formatAmount(wei: bigint): string {
  const amount = Number(formatEther(wei));
  return amount !== 0 && Math.abs(amount) < 0.0001 ? amount.toExponential(2) : amounts.format(amount);
}

/** A whole number with thousands set apart. */
export function formatCount(count: number | bigint): string {
  return counts.format(count);
}

/** So many a second: whole from ten on, with a decimal below. */
export function formatRate(rate: number): string {
  return rate < 10 ? rate.toFixed(1) : formatCount(rate);
}

/** A part of 1 in percent, one decimal. */
export function formatShare(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

/** Unix seconds as local date and time. */
export function formatTime(seconds: number): string {
  return times.format(new Date(seconds * 1_000));
}

/** Seconds as the two largest units: "3 d 4 h", "2 min 5 s". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3_600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}

/** The two ends of a hash or address. */
export function shortHex(hex: string): string {
  return hex.length <= 14 ? hex : `${hex.slice(0, 6)}…${hex.slice(-4)}`;
}

/** A pen stroke through points [x, y], x to the right and y down, in a box of 100 by 100. */
export type Stroke = readonly (readonly [x: number, y: number])[];

/** Strokes of one way to write a digit, as flat lists of x and y. */
const hands: readonly (readonly (readonly (readonly number[])[])[])[] = [
  [[[50, 5, 26, 16, 15, 50, 26, 84, 50, 95, 74, 84, 85, 50, 74, 16, 50, 5]]],
  [[[32, 25, 55, 5, 55, 95]], [[50, 5, 50, 95]]],
  [
    [[18, 25, 32, 8, 60, 5, 80, 20, 76, 42, 18, 95, 84, 95]],
    [[20, 20, 45, 5, 75, 12, 78, 35, 50, 68, 22, 88, 40, 82, 84, 92]],
  ],
  [
    [[20, 12, 50, 5, 78, 18, 74, 40, 45, 48, 78, 60, 82, 80, 55, 95, 18, 86]],
    [[20, 6, 80, 6, 46, 42, 76, 54, 80, 78, 52, 95, 18, 86]],
  ],
  [
    [
      [62, 5, 15, 65, 86, 65],
      [62, 5, 62, 95],
    ],
    [
      [25, 8, 20, 52, 80, 52],
      [72, 8, 70, 95],
    ],
  ],
  [[[80, 5, 26, 5, 22, 45, 55, 38, 80, 55, 78, 82, 50, 95, 18, 86]]],
  [[[72, 6, 40, 22, 20, 58, 26, 86, 52, 95, 78, 82, 76, 58, 50, 48, 24, 62]]],
  [
    [[16, 6, 84, 6, 42, 95]],
    [
      [16, 6, 84, 6, 42, 95],
      [30, 50, 76, 50],
    ],
  ],
  [[[50, 48, 24, 34, 26, 14, 50, 5, 74, 14, 76, 34, 50, 48, 20, 66, 24, 88, 50, 95, 76, 88, 80, 66, 50, 48]]],
  [
    [[76, 38, 52, 52, 26, 42, 24, 18, 48, 5, 74, 14, 76, 38, 72, 70, 50, 95]],
    [[74, 30, 48, 48, 26, 34, 34, 10, 62, 5, 74, 30, 70, 95]],
  ],
];

/** The ways in which each digit from 0 to 9 is written. */
export const DIGIT_STROKES: readonly (readonly (readonly Stroke[])[])[] = hands.map((digit) =>
  digit.map((hand) => hand.map(pairs)),
);

function pairs(flat: readonly number[]): Stroke {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i]!, flat[2 * i + 1]!] as const);
}

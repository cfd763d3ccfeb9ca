/**
 * Handwritten-looking digits drawn by code: a data set that needs no download and is the same on every machine, because
 * everything is integer arithmetic.
 *
 * Example i draws its randomness from its own ChaCha20 keystream (RFC 8439; key = the seed as u32 big-endian and 28 zero
 * bytes, nonce = i as u96 big-endian), so that a data set is a prefix of any larger one of the same seed. A digit's pen
 * strokes are jittered point by point, scaled, slanted, turned and shifted, drawn by a pen of random width on a raster
 * of 16 by 16, and covered with noise.
 */
import { chacha20 } from "@noble/ciphers/chacha.js";

import { DIGIT_STROKES, type Stroke } from "./digit-strokes.ts";
import { BIAS_INPUT, chooseRows, type Examples, type Split } from "./examples.ts";

/** Width and height of an image. */
const SIDE = 16;

/** Sub-pixel steps of all coordinates. */
const STEPS = 64;

/** Keystream words of one example; no digit takes more: one per pixel, two per point of its strokes, some for its pose. */
const WORDS = 352;

/**
 * @param seed u32
 * @returns examples of 256 inputs from 0 to 127, their classes uniform
 */
export function drawSyntheticDigits(seed: number, split: Split): Examples {
  // A drawn set never lacks rows: it has as many as are asked for.
  const order = chooseRows(split.training + split.test, split);
  const columns = SIDE * SIDE + 1;
  const x = new Int8Array(order.length * columns);
  const y = new Uint8Array(order.length);
  for (const [target, index] of order.entries()) {
    const digit = drawDigit(new Dice(seed, index), x.subarray(target * columns, (target + 1) * columns));
    x[(target + 1) * columns - 1] = BIAS_INPUT;
    y[target] = digit;
  }
  return { inputs: SIDE * SIDE, classes: DIGIT_STROKES.map((_, digit) => String(digit)), x, y };
}

/** Random integers of one example. */
class Dice {
  private readonly words: DataView;
  private next = 0;

  constructor(seed: number, index: number) {
    const key = new Uint8Array(32);
    new DataView(key.buffer).setUint32(0, seed);
    const nonce = new Uint8Array(12);
    new DataView(nonce.buffer).setUint32(8, index);
    const keystream = chacha20(key, nonce, new Uint8Array(4 * WORDS));
    this.words = new DataView(keystream.buffer, keystream.byteOffset, keystream.byteLength);
  }

  /** An integer from lo to hi, both included. */
  between(lo: number, hi: number): number {
    const word = this.words.getUint32(4 * this.next++, true);
    return lo + (word % (hi - lo + 1));
  }
}

/** Draws a digit into `image`, row by row, and returns which it is. */
function drawDigit(dice: Dice, image: Int8Array): number {
  const digit = dice.between(0, DIGIT_STROKES.length - 1);
  const hands = DIGIT_STROKES[digit]!;
  const hand = hands[dice.between(0, hands.length - 1)]!;
  const segments = placeStrokes(hand, dice);
  const radius = dice.between(24, 64);
  for (let row = 0; row < SIDE; row++) {
    for (let column = 0; column < SIDE; column++) {
      const distance = squaredDistance(STEPS * column + STEPS / 2, STEPS * row + STEPS / 2, segments);
      const noise = dice.between(-24, 24);
      image[SIDE * row + column] = Math.max(0, Math.min(127, ink(distance, radius) + noise));
    }
  }
  return digit;
}

/** From (ax, ay) to (bx, by), in sub-pixel steps. */
interface Segment {
  readonly ax: number;
  readonly ay: number;
  readonly bx: number;
  readonly by: number;
}

/** The strokes in a random pose, every point a little beside where it belongs. */
function placeStrokes(strokes: readonly Stroke[], dice: Dice): Segment[] {
  const scaleX = dice.between(84, 120);
  const scaleY = dice.between(104, 132);
  const slant = dice.between(-32, 32);
  const turn = dice.between(-18, 18);
  const left = (STEPS * SIDE) / 2 + dice.between(-72, 72);
  const top = (STEPS * SIDE) / 2 + dice.between(-64, 64);
  return strokes.flatMap((stroke) => {
    const points = stroke.map(([x, y]) => {
      const u = x - 50 + dice.between(-4, 4);
      const v = y - 50 + dice.between(-4, 4);
      return { x: left + ((scaleX * u + slant * v) >> 4), y: top + ((scaleY * v + turn * u) >> 4) };
    });
    return points.slice(1).map((to, i) => ({ ax: points[i]!.x, ay: points[i]!.y, bx: to.x, by: to.y }));
  });
}

/** Square of the distance from (x, y) to the nearest segment, rounded down. */
function squaredDistance(x: number, y: number, segments: readonly Segment[]): number {
  let nearest = Infinity;
  for (const segment of segments) {
    const dx = segment.bx - segment.ax;
    const dy = segment.by - segment.ay;
    const fromX = x - segment.ax;
    const fromY = y - segment.ay;
    const along = fromX * dx + fromY * dy;
    const length = dx * dx + dy * dy;
    let distance: number;
    if (along <= 0) {
      distance = fromX * fromX + fromY * fromY;
    } else if (along >= length) {
      distance = (fromX - dx) * (fromX - dx) + (fromY - dy) * (fromY - dy);
    } else {
      const beside = fromX * dy - fromY * dx;
      distance = Math.floor((beside * beside) / length);
    }
    if (distance < nearest) nearest = distance;
  }
  return nearest;
}

/** Gray level at a squared distance from a pen's path: full within its radius, fading out over the next pixel. */
function ink(distance: number, radius: number): number {
  const inner = radius ** 2;
  const outer = (radius + STEPS) ** 2;
  return Math.max(0, Math.min(127, Math.floor((127 * (outer - distance)) / (outer - inner))));
}

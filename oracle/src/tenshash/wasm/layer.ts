/**
 * One layer of TensHash for 128 nonces at once.
 *
 * The state is a bit plane of 128 bits for each of 1,024 neurons: 16 KB, which stay in a core's first-level cache while
 * the matrix's lists stream by. A row's sum is counted in ten planes (adder-tree.ts): 32 entries at a time, then what is
 * left in groups of eight. A full adder is five operations, s = a ^ b ^ c and (a & b) | ((a ^ b) & c), so that a weight
 * costs little more than 5 vector operations, one load of its entry and one of its plane; layout.ts says how the planes
 * start and why plane 9 is the result.
 *
 * What bounds it: 33.8 million nonzero weights, times 5, over 128 nonces are 1.32 million vector operations a hash, and a
 * core that does three of them a cycle takes at least 440,000 cycles.
 */
import { type Adders, addInputs, COUNTER_BITS } from "../adder-tree.ts";
import type { Code, FunctionDefinition, Local, Locals } from "./assembler.ts";
import { copyMemory, defineFunction, i32, i32x4, repeatWhile, v128, when } from "./assembler.ts";
import { HEADER_BYTES, PLANE_BYTES, type Scratch, ZERO_PLANE } from "./layout.ts";

/** Binary logarithms of how many entries are added at a time. */
const BLOCK = 5;
const GROUP = 3;

/** `layer(list, state, rows)`: the planes at `state` become those of the next layer. */
export function layerFunction(scratch: Scratch): FunctionDefinition {
  return defineFunction("layer", 3, false, (locals, list, state, rows) => {
    const counter = Array.from({ length: COUNTER_BITS }, () => locals.v128());
    const groups = locals.i32();
    const positiveGroups = locals.i32();
    const bias = locals.i32();
    const countEntries = countInto(counter, locals, scratch.planes, list, groups);

    const oneRow = [
      groups.set(i32.load(list.get)),
      positiveGroups.set(i32.load(list.get, 4)),
      bias.set(i32.load(list.get, 8)),
      ...counter.map((plane, bit) => plane.set(spread(bias, bit))),
      list.set(i32.add(list.get, i32.constant(HEADER_BYTES))),
      countEntries,
      ...counter.map((plane) => plane.set(v128.not(plane.get))),
      groups.set(positiveGroups.get),
      countEntries,
      v128.store(state.get, counter.at(-1)!.get),
      state.set(i32.add(state.get, i32.constant(PLANE_BYTES))),
      rows.set(i32.subtract(rows.get, i32.constant(1))),
    ].flat();
    return [
      copyMemory(i32.constant(scratch.planes), state.get, i32.constant(ZERO_PLANE)),
      repeatWhile(oneRow, rows.get),
    ];
  });
}

/** Bit `bit` of a number, in every bit of a plane. */
function spread(value: Local, bit: number): Code {
  const isolated = i32.and(i32.shiftRight(value.get, i32.constant(bit)), i32.constant(1));
  return i32x4.splat(i32.subtract(i32.constant(0), isolated));
}

/** Counts `groups` groups of eight entries and moves `list` behind them. */
function countInto(counter: readonly Local[], locals: Locals, planes: number, list: Local, groups: Local): Code {
  const loop = (level: number, atLeast: number): Code => {
    const body = [
      ...emitted(level),
      ...list.set(i32.add(list.get, i32.constant(2 << level))),
      ...groups.set(i32.subtract(groups.get, i32.constant(atLeast))),
    ];
    const goOn = i32.less(i32.constant(atLeast - 1), groups.get);
    return when(goOn, repeatWhile(body, goOn));
  };
  const emitted = (level: number): Code => {
    const code: number[] = [];
    addInputs(vectorAdders(counter, locals, planes, list, code), level);
    return code;
  };
  return [...loop(BLOCK, 2 ** (BLOCK - GROUP)), ...loop(GROUP, 1)];
}

/** Adders that append their instructions to `code`. */
function vectorAdders(
  counter: readonly Local[],
  locals: Locals,
  planes: number,
  list: Local,
  code: number[],
): Adders<Local> {
  const keep = (value: Code): Local => {
    const plane = locals.v128();
    code.push(...plane.set(value));
    return plane;
  };
  return {
    input: (i) => keep(v128.load(i32.load16(list.get, 2 * i), planes)),
    full: (bit, a, b) => {
      const sum = counter[bit]!;
      const different = keep(v128.xor(a.get, b.get));
      const carry = keep(v128.or(v128.and(a.get, b.get), v128.and(different.get, sum.get)));
      code.push(...sum.set(v128.xor(different.get, sum.get)));
      return carry;
    },
    half: (bit, a) => {
      const sum = counter[bit]!;
      const carry = keep(v128.and(a.get, sum.get));
      code.push(...sum.set(v128.xor(a.get, sum.get)));
      return carry;
    },
    last: (bit, a) => {
      code.push(...counter[bit]!.set(v128.xor(a.get, counter[bit]!.get)));
    },
  };
}

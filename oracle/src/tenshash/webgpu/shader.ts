/**
 * TensHash for graphics cards, in WGSL.
 *
 * One workgroup takes 128 or 256 nonces through all 66 layers. Their state is 1,024 bit planes of 4 or 8 words in
 * workgroup memory (16 or 32 KB), so that between input and output nothing but the matrices' lists is read from the
 * card's memory, and those by all workgroups at about the same time. An invocation computes four words of a neuron at a
 * time: it walks the row's list (wasm/layout.ts, 16 bytes or eight entries a read), loads a vec4 of the plane that an
 * entry names, and counts in bit slices (adder-tree.ts). Neighbouring invocations share a row and so its entries. A
 * layer's neurons wait in registers until all invocations have read the old state.
 *
 * What a hash costs: 33.8 million nonzero weights and 1.6 % of residuals and padding, over 32 nonces a word, are 1.07
 * million full adders, each two three-input logic operations where the machine has such (NVIDIA's LOP3, AMD's and
 * Intel's likewise). Half-adders, biases and the padding's zeros make it 2.6 million operations. Finding an entry and its
 * address are 3 more, shared by four words. The 32 invocations of a warp have 16 rows, and the longest of their lists is
 * 9.6 % longer than the average, counted over the lists of a seed as the next figures are.
 * - Arithmetic: an H200 (132 multiprocessors, 64 integer lanes each, 1.98 GHz) does 16.7 T operations/s, hence at most
 *   5.9 million hashes/s, and 4.5 million with the addresses counted.
 * - Workgroup memory: 1.07 million words a hash at 128 bytes a cycle bound it at 7.8 million; but four rows of 32 bytes
 *   that are read together want the same quarter of the banks, on average 2.0 deep, which leaves 3.6 million. Lists
 *   ordered so that row r reads planes of residue (step + r) mod 4 would mend that, and rows dealt to warps by length
 *   most of the 9.6 %: the first things to try on a card.
 * - Card memory: 68 MB of lists for each workgroup's nonces, 0.27 MB a hash for 256 of them, would be 1 TB/s at 3.6 million
 *   hashes/s if no workgroup shared the cache with another, a fifth of an H200's.
 * - Occupancy: ten counters, eight loaded planes and the tree's carries are about 25 vec4, 110 registers with addresses,
 *   so two workgroups of 256 invocations are resident. Each invocation has up to eight independent loads under way,
 *   enough to cover 30 cycles of workgroup memory.
 */
import { type Adders, addInputs, COUNTER_BITS } from "../adder-tree.ts";
import { HASH_BYTES, MATRICES, WIDTH } from "../shape.ts";
import { PLANE_BYTES, ZERO_PLANE } from "../wasm/layout.ts";

/** Invocations of a workgroup: one for each bit of an input. */
const INVOCATIONS = 8 * HASH_BYTES;

/** How many vec4 words a plane has. */
export type Lanes = 1 | 2;

/** Bytes of workgroup memory, the state: what every device has (WebGPU, section 3.6.2), or twice as much. */
export function workgroupBytes(lanes: Lanes): number {
  return WIDTH * lanes * PLANE_BYTES;
}

/** Nonces that a workgroup hashes. */
export function workgroupNonces(lanes: Lanes): number {
  return lanes * 8 * PLANE_BYTES;
}

/**
 * The shader's text; entry point `tens_hash`. Group 0: the matrices' slot, inputs u32 [n][8], outputs u32 [n][8], n a
 * multiple of `workgroupNonces`, one workgroup for each multiple.
 */
export function shader(lanes: Lanes): string {
  const counters = Array.from({ length: COUNTER_BITS }, (_, bit) => `c${String(bit)}`);
  return `
const LANES = ${String(lanes)}u;
const ROWS_AT_ONCE = ${String(INVOCATIONS)}u / LANES;
const TURNS = ${String((WIDTH * lanes) / INVOCATIONS)}u;

@group(0) @binding(0) var<storage, read> matrices: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> inputs: array<u32>;
@group(0) @binding(2) var<storage, read_write> outputs: array<u32>;

var<workgroup> planes: array<vec4<u32>, ${String(WIDTH * lanes)}>;

// The bit of a number, in every bit of four words.
fn spread(value: u32, bit: u32) -> vec4<u32> {
  return vec4<u32>(0u - ((value >> bit) & 1u));
}

// The plane of one entry, 16 times its column.
fn plane(entry: u32, lane: u32) -> vec4<u32> {
  return planes[entry / ${String(PLANE_BYTES)}u * LANES + lane];
}

// The same where it may be padding: zeros, which are kept nowhere.
fn plane_or_zeros(entry: u32, lane: u32) -> vec4<u32> {
  return select(plane(entry & ${String(ZERO_PLANE - 1)}u, lane), vec4<u32>(), entry == ${String(ZERO_PLANE)}u);
}

fn neuron(k: u32, row: u32, lane: u32) -> vec4<u32> {
  let index = k * ${String(WIDTH)}u + row;
  var at = matrices[index / 4u][index % 4u] / 16u;
  let header = matrices[at];
  at++;
  ${counters.map((name, bit) => `var ${name} = spread(header.z, ${String(bit)}u);`).join("\n  ")}
  for (var positive = false; ; positive = true) {
    var groups = select(header.x, header.y, positive);
    // Only the last group has padding, and is left to the second loop.
    for (; groups > 4u; groups -= 4u) {
      ${[0, 1, 2, 3].map((i) => `let e${String(i)} = matrices[at + ${String(i)}u];`).join("\n      ")}
      ${adding(5, "plane").join("\n      ")}
      at += 4u;
    }
    for (; groups > 0u; groups--) {
      let e0 = matrices[at];
      ${adding(3, "plane_or_zeros").join("\n      ")}
      at++;
    }
    if (positive) {
      break;
    }
    ${counters.map((name) => `${name} = ~${name};`).join("\n    ")}
  }
  return c${String(COUNTER_BITS - 1)};
}

// Network bit 8 i + j is bit 7 - j of byte 31 - i: its word, and its place in the little-endian word.
fn word_of(bit: u32) -> u32 {
  return 7u - bit / 32u;
}
fn place_of(bit: u32) -> u32 {
  return 8u * (3u - (bit / 8u) % 4u) + 7u - bit % 8u;
}

@compute @workgroup_size(${String(INVOCATIONS)})
fn tens_hash(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) invocation: u32) {
  let first = group.x * LANES * 128u;
  let lane = invocation % LANES;
  for (var l = 0u; l < LANES; l++) {
    var words = vec4<u32>();
    for (var n = 0u; n < 128u; n++) {
      let input = inputs[(first + l * 128u + n) * 8u + word_of(invocation)];
      words[n / 32u] |= ((input >> place_of(invocation)) & 1u) << (n % 32u);
    }
    planes[invocation * LANES + l] = words;
  }
  workgroupBarrier();

  for (var k = 0u; k < ${String(MATRICES)}u; k++) {
    let turns = select(TURNS, LANES, k == ${String(MATRICES - 1)}u);
    var next: array<vec4<u32>, TURNS>;
    for (var turn = 0u; turn < turns; turn++) {
      next[turn] = neuron(k, turn * ROWS_AT_ONCE + invocation / LANES, lane);
    }
    workgroupBarrier();
    for (var turn = 0u; turn < turns; turn++) {
      planes[turn * ${String(INVOCATIONS)}u + invocation] = next[turn];
    }
    workgroupBarrier();
  }

  if (invocation < LANES * 128u) {
    for (var word = 0u; word < 8u; word++) {
      var output = 0u;
      for (var bit = (7u - word) * 32u; bit < (8u - word) * 32u; bit++) {
        let four = planes[bit * LANES + invocation / 128u];
        output |= ((four[(invocation / 32u) % 4u] >> (invocation % 32u)) & 1u) << place_of(bit);
      }
      outputs[(first + invocation) * 8u + word] = output;
    }
  }
}
`;
}

/** The lines that add the planes, as `load` gives them, of 2^level entries, of which four words each hold eight. */
function adding(level: number, load: "plane" | "plane_or_zeros"): string[] {
  const lines: string[] = [];
  let names = 0;
  const keep = (value: string): string => {
    const name = `t${String(names++)}`;
    lines.push(`let ${name} = ${value};`);
    return name;
  };
  const adders: Adders<string> = {
    input: (i) => {
      const pair = `e${String(i >> 3)}.${"xyzw"[(i & 7) >> 1]!}`;
      return keep(`${load}(${(i & 1) === 0 ? `${pair} & 0xffffu` : `${pair} >> 16u`}, lane)`);
    },
    full: (bit, a, b) => {
      const sum = `c${String(bit)}`;
      const different = keep(`${a} ^ ${b}`);
      const carry = keep(`(${a} & ${b}) | (${different} & ${sum})`);
      lines.push(`${sum} = ${different} ^ ${sum};`);
      return carry;
    },
    half: (bit, a) => {
      const sum = `c${String(bit)}`;
      const carry = keep(`${a} & ${sum}`);
      lines.push(`${sum} = ${a} ^ ${sum};`);
      return carry;
    },
    last: (bit, a) => {
      lines.push(`c${String(bit)} = ${a} ^ c${String(bit)};`);
    },
  };
  addInputs(adders, level);
  return lines;
}

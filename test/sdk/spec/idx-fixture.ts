/** An IDX file of unsigned bytes. */
export function idx(sizes: readonly number[], data: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * sizes.length + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0800 + sizes.length);
  for (const [i, size] of sizes.entries()) view.setUint32(4 + 4 * i, size);
  bytes.set(data, 4 + 4 * sizes.length);
  return bytes;
}

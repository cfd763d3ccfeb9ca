/**
 * JSON with sorted keys and no spaces, in UTF-8, numbers as ECMAScript writes them (RFC 8785): one text for one value,
 * so that it can be hashed. Fields that are undefined are left out.
 */
export function canonicalJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, sortKeys));
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

import { GristmillError } from "@gristmill/sdk";

/** A node that the page may ask. */
export interface NodeEndpoint {
  /** Empty where there is but one. */
  readonly name: string;
  readonly role?: string;
  /** Of its API, ending in a slash. */
  readonly url: string;
}

/** A request to a node's API (docs/API.md). */
export interface NodeRequest {
  /** Below `/api/v1/`. */
  readonly path: string;
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the node; a write needs it, and where the node serves others than its own machine a read as well. */
  readonly token?: string | undefined;
  readonly signal?: AbortSignal;
}

/**
 * What a node answers.
 * @throws GristmillError with the node's own code, sentence and hints; NODE_UNREACHABLE
 */
export async function askNode(
  { url }: NodeEndpoint,
  { path, method = "GET", body, token, signal }: NodeRequest,
): Promise<Response> {
  const response = await fetch(`${url}api/v1/${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  }).catch((cause: unknown) => {
    throw new GristmillError("NODE_UNREACHABLE", "The node does not answer.", { cause });
  });
  if (response.ok) return response;
  throw await refusalOf(response);
}

async function refusalOf(response: Response): Promise<GristmillError> {
  const answer = (await response.json().catch(() => undefined)) as
    | { readonly error?: { readonly code: string; readonly message: string; readonly hints: readonly string[] } }
    | undefined;
  const { error } = answer ?? {};
  if (error !== undefined) return new GristmillError(error.code, `The node refuses: ${error.message}.`, error);
  if (response.status === 502) {
    return new GristmillError("NODE_UNREACHABLE", "The node does not answer: its process has ended, or is starting.");
  }
  const code = response.status === 404 ? "PATH_UNKNOWN" : "NODE_REFUSED";
  return new GristmillError(code, `The node answers with HTTP ${response.status}.`);
}

/** Whether the node does not have what was asked for, or does not know the question. */
export function isMissing(error: unknown): boolean {
  return error instanceof GristmillError && /_UNKNOWN$|_LOST$/.test(error.code);
}

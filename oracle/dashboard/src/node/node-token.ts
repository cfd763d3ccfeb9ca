const TOKEN = "gristmill.token";
const FRAGMENT = /^#token=([0-9a-f]{64})$/;

/** Keeps the token that the page's address may carry behind its #, which browsers send nowhere, and takes it out of there. */
export function takeToken(): void {
  const [, token] = FRAGMENT.exec(location.hash) ?? [];
  if (token === undefined) return;
  keepToken(token);
  history.replaceState(null, "", "#/");
}

/** The token of the node's API, as long as this tab lives. */
export function readToken(): string | undefined {
  return sessionStorage.getItem(TOKEN) ?? undefined;
}

export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

/** A refusal as every JSON answer of the console carries it. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field: string,
    readonly body: Record<string, unknown>,
  ) {
    super(message);
  }
}

export function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

/**
 * Ask one of the console's JSON addresses. Throws Refused for a refusal, and a
 * Refused with status 0 when the console cannot be reached.
 */
export async function ask<T>(address: string, body?: unknown, method?: string): Promise<T> {
  const form = body instanceof FormData;
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["X-CSRFToken"] = csrfToken();
  if (body !== undefined && !form) headers["Content-Type"] = "application/json";
  const response = await fetch(address, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers,
    body: body === undefined ? undefined : form ? body : JSON.stringify(body),
  }).catch(() => null);
  if (response === null) {
    throw new Refused(0, "Unreachable", "Virga does not answer. Is it still running?", "", {});
  }
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (!response.ok) {
    const message = String(answer.message ?? `The server answered ${response.status}.`);
    throw new Refused(response.status, String(answer.code ?? ""), message, String(answer.field ?? ""), answer);
  }
  return answer as T;
}

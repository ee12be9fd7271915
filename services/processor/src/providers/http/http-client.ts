import type { FailureClass } from '@darkroom/contracts/failures'
import type { Classifier } from './refusal.ts'

/** One server, and how it is reached. */
export interface HttpClient {
  /** Address to which the paths of requests are appended: `https://api.openai.com/v1`. */
  baseUrl: string
  /** Returns the headers of every request, the key among them. It is called when a request is sent, and its result stored nowhere. */
  headers?: () => Record<string, string>
  fetch: typeof fetch
  /** Time limit of one request, from its start to the last byte of its response, in ms. */
  deadlineMs: number
  /** Maps refusals to errors, where the status alone says too little. */
  classify?: Classifier
  /** Resolves a host name to its addresses; the system's resolver unless given. */
  resolve?: (hostname: string) => Promise<string[]>
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Path below the base URL, with its leading slash. */
  path: string
  headers?: Record<string, string>
  /** A form is sent as multipart, everything else as JSON. */
  body?: unknown
  signal: AbortSignal
  /** Class of a request without a valid response: polling is free, and a submission may have begun work that is billed. */
  failureIfUnanswered: FailureClass
  /** Time limit of this request, in ms; the client's unless given. */
  deadlineMs?: number
}

/**
 * Returns the texts of a client's headers that must appear nowhere: a whole value, the part behind its scheme (`Bearer …`), and the
 * password in it (`Basic …`).
 * Texts of less than four characters are no secrets, and would be found everywhere.
 */
export function getSecrets(client: Pick<HttpClient, 'headers'>): string[] {
  const values = Object.values(client.headers?.() ?? {})
  const texts = values.flatMap(value => [value, value.slice(value.indexOf(' ') + 1), ...readBasic(value)])
  return [...new Set(texts)].filter(text => text.length >= 4).toSorted((a, b) => b.length - a.length)
}

/** Returns a user with its password, and the password alone, where a header has them. */
function readBasic(value: string): string[] {
  const base64 = /^Basic ([A-Za-z0-9+/=]+)$/.exec(value)?.[1]
  if (base64 === undefined) return []
  const text = Buffer.from(base64, 'base64').toString()
  return [text, text.slice(text.indexOf(':') + 1)]
}

/** Removes a client's secrets from a text. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, '…'), text)
}

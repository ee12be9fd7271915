import { createSecretPatterns, redact, redactHeaders, redactUrl, type SecretPatterns } from './redact.ts'

/** A request of a check and its response, without keys. */
export interface TranscriptEntry {
  method: string
  url: string
  requestHeaders: Record<string, string>
  /** Null where no response has arrived. */
  status: number | null
  responseHeaders: Record<string, string>
  /** The response's body as text, as far as the check has read it, up to `MAX_BODY_BYTES`. */
  body: string
  /** Whether the body was longer, so that its end is missing. */
  isCut: boolean
  /** The error of the runtime where no response, or not all of it, has arrived. */
  error: string | null
}

export interface Transcript {
  /** A fetch that records what it sends and receives. */
  fetch: typeof fetch
  /** Returns what was recorded until now. */
  entries(): TranscriptEntry[]
}

export const MAX_BODY_BYTES = 1_000_000
/** Characters that a key has at most in any of its spellings: so many are missing at the end of a body that was cut. */
const MAX_SECRET_CHARACTERS = 2_000

interface Exchange {
  request: Request
  response: Response | null
  chunks: Uint8Array[]
  length: number
  error: unknown
}

/**
 * Creates the transcript of a check. It has no key in it, whatever a server echoes. Bodies are recorded while the check reads them,
 * which changes nothing about the check.
 *
 * @param secrets texts that are removed wherever they are
 */
export function createTranscript(secrets: readonly string[]): Transcript {
  const exchanges: Exchange[] = []
  const patterns = createSecretPatterns(secrets)
  const record = async (...[input, init]: Parameters<typeof fetch>) => {
    const exchange: Exchange = {
      request: new Request(input instanceof Request ? input.url : String(input), {
        method: init?.method ?? 'GET',
        headers: init?.headers ?? {},
      }),
      response: null,
      chunks: [],
      length: 0,
      error: null,
    }
    exchanges.push(exchange)
    try {
      exchange.response = await fetch(input, init)
    } catch (error) {
      exchange.error = error
      throw error
    }
    return recordBody(exchange, exchange.response)
  }
  return {
    fetch: Object.assign(record, { preconnect: fetch.preconnect }),
    entries: () => exchanges.map(exchange => toEntry(exchange, patterns)),
  }
}

/** Returns the response with a body that is recorded while it is read, and is cut off where the original is. */
function recordBody(exchange: Exchange, response: Response): Response {
  if (response.body === null) return response
  return new Response(recordChunks(exchange, response.body), response)
}

async function* recordChunks(exchange: Exchange, body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of body) {
      if (exchange.length < MAX_BODY_BYTES) exchange.chunks.push(chunk.slice(0, MAX_BODY_BYTES - exchange.length))
      exchange.length += chunk.byteLength
      yield chunk
    }
  } catch (error) {
    exchange.error = error
    throw error
  }
}

function toEntry({ request, response, chunks, length, error }: Exchange, patterns: SecretPatterns): TranscriptEntry {
  const isCut = length > MAX_BODY_BYTES
  const text = redact(new TextDecoder().decode(Buffer.concat(chunks)), patterns)
  return {
    method: request.method,
    url: redactUrl(request.url, patterns),
    requestHeaders: redactHeaders(request.headers, patterns),
    status: response?.status ?? null,
    responseHeaders: response ? redactHeaders(response.headers, patterns) : {},
    // Half a key at the end is not recognised as one.
    body: isCut ? text.slice(0, -MAX_SECRET_CHARACTERS) : text,
    isCut,
    error: error === null ? null : redact(error instanceof Error ? error.message : String(error), patterns),
  }
}

import { getSecrets, type HttpClient, redact } from './http-client.ts'

/** Headers of a response that are stored with it: what is read later, and nothing that may be a secret. */
const STORED_HEADERS = [
  'content-type',
  'x-request-id',
  'request-id',
  'openai-processing-ms',
  'openai-model',
  'retry-after',
  'x-litellm-response-cost',
  'x-litellm-call-id',
  'x-litellm-model-id',
]
const MAX_HEADER_CHARACTERS = 300

/** Returns the headers of a response that go into the journal. */
export function toAnswerHeaders(client: Pick<HttpClient, 'headers'>, { headers }: Response): Record<string, string> {
  const secrets = getSecrets(client)
  return Object.fromEntries(
    STORED_HEADERS.flatMap(name => {
      const value = headers.get(name)
      return value === null ? [] : [[name, redact(value, secrets).slice(0, MAX_HEADER_CHARACTERS)]]
    }),
  )
}

/** Returns the provider's identifier of a call, for its support. */
export function getTrace(headers: Readonly<Record<string, string>>): string | undefined {
  return headers['x-request-id'] ?? headers['request-id'] ?? headers['x-litellm-call-id']
}

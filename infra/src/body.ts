import { LIMITS } from '@darkroom/contracts/vocabulary'
import { ProblemError } from './problem.ts'

const MULTIPART_OVERHEAD = 64 * 1024

/** How large a body of a content type may be, in bytes, and how its bytes become a value. */
const READERS: Record<
  string,
  { most: number; parse: (bytes: Uint8Array<ArrayBuffer>, type: string) => Promise<unknown> }
> = {
  'application/json': { most: LIMITS.jsonBytes, parse: parseJson },
  'multipart/form-data': { most: LIMITS.references * LIMITS.referenceBytes + MULTIPART_OVERHEAD, parse: parseForm },
}

/** Memory for request bodies, shared by all requests in flight. */
export interface BodyBudget {
  /** Takes `bytes` for a request. @throws ProblemError `unavailable` when there is no room now, `too_large` when never */
  take(request: Request, bytes: number): void
  /** Gives back everything a request took. */
  release(request: Request): void
  inUse(): number
}

/** @param bytes that all bodies in flight may hold together */
export function createBodyBudget(bytes: number): BodyBudget {
  const taken = new Map<Request, number>()
  let inUse = 0
  return {
    take: (request, wanted) => {
      const mine = taken.get(request) ?? 0
      if (mine + wanted > bytes) throw new ProblemError('too_large', 'That is more than this studio takes at once.')
      if (inUse + wanted > bytes) {
        throw new ProblemError('unavailable', 'Too much is being uploaded right now. Try again in a moment.', {
          retryAfterSeconds: 2,
        })
      }
      inUse += wanted
      taken.set(request, mine + wanted)
    },
    release: request => {
      inUse -= taken.get(request) ?? 0
      taken.delete(request)
    },
    inUse: () => inUse,
  }
}

/**
 * Reads a request's body whole, within the limit of its content type and the common budget.
 *
 * @returns what the JSON says, or the form
 * @throws ProblemError `unsupported_type`, `too_large`, `malformed` or `unavailable`
 */
export async function readBody(request: Request, contentType: string, budget: BodyBudget): Promise<unknown> {
  const type = contentType.toLowerCase()
  const reader = Object.hasOwn(READERS, type) ? READERS[type] : undefined
  if (!reader)
    throw new ProblemError('unsupported_type', 'Send JSON (application/json) or a form (multipart/form-data).')
  const encoding = request.headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') throw new ProblemError('unsupported_type', 'Send the body without a content encoding.')
  const bytes = await readBytes(request, reader.most, budget)
  return await reader.parse(bytes, request.headers.get('content-type') ?? '')
}

async function readBytes(request: Request, most: number, budget: BodyBudget): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > most) throw tooLarge(most)
  budget.take(request, declared)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    const beyondDeclared = Math.max(0, bytes + chunk.byteLength - Math.max(bytes, declared))
    bytes += chunk.byteLength
    if (bytes > most) throw tooLarge(most)
    budget.take(request, beyondDeclared)
    chunks.push(chunk)
  }
  return concatenate(chunks, bytes)
}

function concatenate(chunks: Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  return whole
}

async function parseJson(bytes: Uint8Array): Promise<unknown> {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new ProblemError('malformed', 'The body is not JSON.', { cause })
  }
}

async function parseForm(bytes: Uint8Array<ArrayBuffer>, type: string): Promise<unknown> {
  try {
    return await new Response(bytes, { headers: { 'content-type': type } }).formData()
  } catch (cause) {
    throw new ProblemError('malformed', 'The form could not be read. Is its boundary right?', { cause })
  }
}

function tooLarge(most: number): ProblemError {
  return new ProblemError('too_large', `The body is larger than ${Math.floor(most / 1024 / 1024)} MiB.`)
}

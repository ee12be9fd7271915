import { LIMITS } from '@darkroom/contracts/vocabulary'
import { DeadlineError, withDeadline } from './deadline.ts'
import { readForm } from './form-body.ts'
import { readJson } from './json-body.ts'
import { ProblemError } from './problem.ts'

const MULTIPART_OVERHEAD = 64 * 1024

/** How large a body of a content type may be, in bytes, and how its bytes become a value. */
const READERS: Record<
  string,
  { most: number; parse: (bytes: Uint8Array<ArrayBuffer>, type: string) => Promise<unknown> }
> = {
  'application/json': { most: LIMITS.jsonBytes, parse: async bytes => readJson(bytes) },
  'multipart/form-data': { most: LIMITS.references * LIMITS.referenceBytes + MULTIPART_OVERHEAD, parse: readForm },
}

/** How long a body may take to arrive, in milliseconds, and how long nothing of it may. */
export interface Patience {
  arrival: number
  silence: number
}

const PATIENCE: Patience = { arrival: 600_000, silence: 15_000 }

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
 * Reads a request's body whole, within the limit of its content type and the common budget. One that stops arriving is given up:
 * what it holds of the budget is missing to everybody else.
 *
 * @returns what the JSON says, or the form
 * @throws ProblemError `unsupported_type`, `too_large`, `malformed`, `invalid` or `unavailable`
 */
export async function readBody(
  request: Request,
  contentType: string,
  budget: BodyBudget,
  patience: Patience = PATIENCE,
): Promise<unknown> {
  const type = contentType.toLowerCase()
  const reader = Object.hasOwn(READERS, type) ? READERS[type] : undefined
  if (!reader)
    throw new ProblemError('unsupported_type', 'Send JSON (application/json) or a form (multipart/form-data).')
  const encoding = request.headers.get('content-encoding') ?? 'identity'
  if (encoding !== 'identity') throw new ProblemError('unsupported_type', 'Send the body without a content encoding.')
  const bytes = await readBytes(request, reader.most, budget, patience)
  return await reader.parse(bytes, request.headers.get('content-type') ?? '')
}

async function readBytes(
  request: Request,
  most: number,
  budget: BodyBudget,
  patience: Patience,
): Promise<Uint8Array<ArrayBuffer>> {
  const declared = Number(request.headers.get('content-length') ?? 0)
  if (declared > most) throw tooLarge(most)
  budget.take(request, declared)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body ? arriving(request.body, patience) : []) {
    const beyondDeclared = Math.max(0, bytes + chunk.byteLength - Math.max(bytes, declared))
    bytes += chunk.byteLength
    if (bytes > most) throw tooLarge(most)
    budget.take(request, beyondDeclared)
    chunks.push(chunk)
  }
  return concatenate(chunks, bytes)
}

async function* arriving(body: ReadableStream<Uint8Array>, { arrival, silence }: Patience): AsyncGenerator<Uint8Array> {
  const reader = body.getReader()
  const latest = performance.now() + arrival
  try {
    for (;;) {
      const milliseconds = Math.max(0, Math.min(silence, latest - performance.now()))
      const { done, value } = await withDeadline(reader.read(), { milliseconds, what: 'the next part of a body' })
      if (done) return
      yield value
    }
  } catch (cause) {
    throw cause instanceof DeadlineError ? stopped(cause) : cause
  } finally {
    // Nobody waits for it: whoever sends nothing does not hear that nothing more is wanted either.
    void reader.cancel().catch(() => {})
  }
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

function stopped(cause: unknown): ProblemError {
  return new ProblemError('malformed', 'The request stopped arriving before it was whole. Send it again.', { cause })
}

function tooLarge(most: number): ProblemError {
  return new ProblemError('too_large', `The body is larger than ${Math.floor(most / 1024 / 1024)} MiB.`)
}

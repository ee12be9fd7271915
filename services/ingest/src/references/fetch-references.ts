import { LIMITS } from '@darkroom/contracts/limits'
import { readAll, SafeGetError, safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import pLimit from 'p-limit'
import { type ReferenceSource, refuse, type SentReference, sourceOf } from './reference-source.ts'

const DEADLINE_MS = 15_000
const AT_ONCE = 3

type Failed = { path: string; message: string }

export interface Fetching {
  /** Asked for memory, in bytes, before it is used. */
  reserve: (bytes: number) => void
  signal: AbortSignal
  /** `safeGet`, unless a test has another. */
  get?: typeof safeGet
}

/**
 * Fetches the references that were sent by address, from the open internet only.
 *
 * @returns all references, in order, with their bytes
 * @throws ProblemError `invalid` naming each that could not be fetched, or what `reserve` throws
 */
export async function fetchReferences(sent: readonly SentReference[], fetching: Fetching): Promise<ReferenceSource[]> {
  const limit = pLimit(AT_ONCE)
  const fetched = await Promise.all(
    sent.map(reference => (reference.kind === 'address' ? limit(() => fetchOne(reference, fetching)) : reference)),
  )
  const failed = fetched.filter(result => 'message' in result)
  if (failed.length > 0) refuse(failed)
  return fetched.filter(result => 'kind' in result)
}

async function fetchOne(
  { path, url }: { path: string; url: string },
  { reserve, signal, get = safeGet }: Fetching,
): Promise<ReferenceSource | Failed> {
  try {
    const limits = { maxBytes: LIMITS.referenceBytes, deadlineMs: DEADLINE_MS }
    const response = await get(url, { ...limits, signal, accept: /^image\// })
    reserve(response.contentLength ?? LIMITS.referenceBytes)
    return sourceOf(path, await readAll(response, signal))
  } catch (error) {
    if (error instanceof SafeGetError)
      return { path, message: `could not be fetched: ${error.message.replace(/\.$/, '')}` }
    throw error
  }
}

import { LIMITS } from '@darkroom/contracts/limits'
import { readAll, SafeGetError, safeGet } from '@darkroom/infra/http/safe-get/safe-get'
import pLimit from 'p-limit'
import { type FieldError, throwValidationError } from '../validation-error.ts'
import { createSource, type ReferenceSource, type SubmittedReference } from './reference-source.ts'

const DEADLINE_MS = 15_000
const MAX_CONCURRENT_FETCHES = 3

export interface FetchOptions {
  /** Reserves memory, in bytes, before it is used. */
  reserve: (bytes: number) => void
  /** Address of the client, with which others take turns where images are decoded. */
  client?: string | undefined
  signal: AbortSignal
  /** `safeGet` unless a test replaces it. */
  get?: typeof safeGet
}

/**
 * Fetches the references that were sent by URL, from the public internet only.
 *
 * @returns all references, in order, with their bytes
 * @throws ProblemError `invalid` naming each reference that could not be fetched; what `reserve` throws
 */
export async function fetchReferences(
  references: readonly SubmittedReference[],
  options: FetchOptions,
): Promise<ReferenceSource[]> {
  const limit = pLimit(MAX_CONCURRENT_FETCHES)
  const fetched = await Promise.all(
    references.map(reference =>
      reference.kind === 'url' ? limit(() => fetchReference(reference, options)) : reference,
    ),
  )
  const failed = fetched.filter(result => 'message' in result)
  if (failed.length > 0) throwValidationError(failed)
  return fetched.filter(result => 'kind' in result)
}

async function fetchReference(
  { path, url }: { path: string; url: string },
  { reserve, signal, get = safeGet }: FetchOptions,
): Promise<ReferenceSource | FieldError> {
  try {
    const limits = { maxBytes: LIMITS.referenceBytes, deadlineMs: DEADLINE_MS }
    const response = await get(url, { ...limits, signal, accept: /^image\// })
    reserve(response.contentLength ?? LIMITS.referenceBytes)
    return createSource(path, await readAll(response, signal))
  } catch (error) {
    if (error instanceof SafeGetError)
      return { path, message: `could not be fetched: ${error.message.replace(/\.$/, '')}` }
    throw error
  }
}

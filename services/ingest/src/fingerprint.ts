import type { Submission } from '@darkroom/contracts/generation'
import type { ReferenceSource } from './sources.ts'

/**
 * What makes two submissions the same: the sha256 of the body after its defaults, keys sorted, without `clientId`, each
 * data URL replaced by the sha256 of its bytes.
 *
 * @param sources the submission's references, in order, as `readSources` gives them
 */
export function fingerprintOf(submission: Submission, sources: readonly ReferenceSource[]): Uint8Array {
  const { clientId: _, referenceImage, referenceImages, ...rest } = submission
  const references = sources.map(source => (source.kind === 'bytes' ? `sha256:${source.sha256}` : source.id))
  const text = JSON.stringify({ ...rest, references }, sorted)
  return new Uint8Array(new Bun.CryptoHasher('sha256').update(text).digest().buffer)
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

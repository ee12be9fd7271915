import type { Submission } from '@darkroom/contracts/generation'
import type { SubmittedReference } from '../references/reference-source.ts'

/**
 * Returns the fingerprint by which two submissions count as the same: the sha256 of the body after its defaults, with keys
 * sorted, without `clientId`, and with each data URL replaced by the sha256 of its bytes.
 *
 * @param submittedReferences the submission's references, in order, as `parseSources` returns them
 */
export function computeFingerprint(
  submission: Submission,
  submittedReferences: readonly SubmittedReference[],
): Uint8Array {
  const { clientId: _, referenceImage, referenceImages, ...rest } = submission
  const references = submittedReferences.map(toFingerprintPart)
  const text = JSON.stringify({ ...rest, references }, sortKeys)
  return new Uint8Array(new Bun.CryptoHasher('sha256').update(text).digest().buffer)
}

function toFingerprintPart(reference: SubmittedReference): string {
  if (reference.kind === 'bytes') return `sha256:${reference.sha256}`
  return reference.kind === 'id' ? reference.id : reference.url
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

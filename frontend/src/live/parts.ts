import type { Parts } from '@darkroom/contracts/parts'

/** Parses the response of `/api/parts`. Returns null if it is none, as with a studio that has no such address. */
export function parseParts(value: unknown): Parts | null {
  const { ingest, processor } = (value ?? {}) as Partial<Record<keyof Parts, unknown>>
  return isPartState(ingest) && isPartState(processor) ? { ingest, processor } : null
}

/** Returns whether a part is known to be away. */
export function isAnyAway(parts: Parts | null): boolean {
  return parts !== null && (parts.ingest === 'away' || parts.processor === 'away')
}

/** Returns the sentence about the parts that are away, for the user; undefined if none is known to be. */
export function formatParts(parts: Parts | null): string | undefined {
  if (parts?.ingest === 'away') return INGEST_AWAY_MESSAGE
  return parts?.processor === 'away' ? PROCESSOR_AWAY_MESSAGE : undefined
}

const INGEST_AWAY_MESSAGE =
  'New prompts cannot be taken at the moment; they are sent when that part is back. Reading goes on.'
const PROCESSOR_AWAY_MESSAGE = 'The part that makes pictures is starting again. New prompts are taken and wait.'

function isPartState(value: unknown): value is Parts['ingest'] {
  return value === 'ok' || value === 'away'
}

import type { Generation } from '@darkroom/contracts/generation'
import { endOfDay, GROUP_STATUSES, type ListQuery, startOfDay } from './list-query.ts'

/**
 * Returns whether a generation is of a list, as far as a browser can decide: `unknown` if everything but the searched text
 * matches, which only the studio can look up.
 */
export function matchesQuery(generation: Generation, query: ListQuery): boolean | 'unknown' {
  if (isInTrash(generation) !== (query.section === 'trash')) return false
  if (query.section === 'favourites' && !generation.favourite) return false
  if (!matchesFilter(generation, query)) return false
  return query.text === '' || 'unknown'
}

/** Returns whether a generation is in the trash. */
export function isInTrash({ deletedAt }: Generation): boolean {
  return deletedAt !== null
}

function matchesFilter(generation: Generation, query: ListQuery): boolean {
  const { kind, models, favourite, references, status } = query
  if (kind !== null && generation.kind !== kind) return false
  if (models.length > 0 && !models.includes(generation.model)) return false
  if (favourite && !generation.favourite) return false
  if (references && generation.references.length === 0) return false
  if (status !== null && !GROUP_STATUSES[status].includes(generation.status)) return false
  return isWithinDays(generation, query)
}

function isWithinDays({ createdAt }: Generation, { since, until }: ListQuery): boolean {
  const instant = Date.parse(createdAt)
  if (since !== null && instant < Date.parse(startOfDay(since))) return false
  return until === null || instant <= Date.parse(endOfDay(until))
}

import type { Kind, Status } from '@darkroom/contracts/enums'

/** A section of the library: everything that is not in the trash, the favourites, or the trash. */
export type Section = 'all' | 'favourites' | 'trash'

/** The statuses that a filter tells apart. */
export const STATUS_GROUPS = ['running', 'completed', 'failed', 'cancelled'] as const
export type StatusGroup = (typeof STATUS_GROUPS)[number]

/** The filter of a list. A generation matches if every condition that is set holds. */
export interface ListFilter {
  /** The searched text; empty for none. */
  text: string
  kind: Kind | null
  /** Ids of models, of which one must match; empty for any. */
  models: readonly string[]
  /** First day in the user's time zone, such as `2026-09-01`. */
  since: string | null
  /** Last day in the user's time zone. */
  until: string | null
  favourite: boolean
  references: boolean
  status: StatusGroup | null
}

/** The list that the feed shows: a section of the library, filtered. */
export interface ListQuery extends ListFilter {
  section: Section
}

export const EMPTY_FILTER: ListFilter = {
  text: '',
  kind: null,
  models: [],
  since: null,
  until: null,
  favourite: false,
  references: false,
  status: null,
}

/** The list of the plain feed. */
export const ALL_GENERATIONS: ListQuery = { section: 'all', ...EMPTY_FILTER }

/** Returns whether any condition of the filter is set. */
export function isFiltered(query: ListQuery): boolean {
  const { text, kind, models, since, until, favourite, references, status } = query
  return text !== '' || models.length > 0 || favourite || references || [kind, since, until, status].some(isSet)
}

/** Returns whether a query is that of the plain feed. */
export function isPlain(query: ListQuery): boolean {
  return query.section === 'all' && !isFiltered(query)
}

export function isSameQuery(a: ListQuery, b: ListQuery): boolean {
  return a === b || JSON.stringify(toListParameters(a)) === JSON.stringify(toListParameters(b))
}

/** The filters of a list as the studio's API takes them. */
export interface ListParameters {
  trash?: 'true'
  favourite?: 'true'
  references?: 'true'
  kind?: Kind
  model?: string
  status?: string
  q?: string
  from?: string
  to?: string
}

/** Returns the parameters of the list's requests. The days are those of the user's time zone. */
export function toListParameters(query: ListQuery): ListParameters {
  const { section, text, kind, models, since, until, favourite, references, status } = query
  return {
    ...(section === 'trash' && { trash: 'true' }),
    ...((section === 'favourites' || favourite) && { favourite: 'true' }),
    ...(references && { references: 'true' }),
    ...(kind !== null && { kind }),
    ...(models.length > 0 && { model: models.join(',') }),
    ...(status !== null && { status: GROUP_STATUSES[status].join(',') }),
    ...(text !== '' && { q: text }),
    ...(since !== null && { from: startOfDay(since) }),
    ...(until !== null && { to: endOfDay(until) }),
  }
}

/** The statuses of each group. */
export const GROUP_STATUSES: Record<StatusGroup, readonly Status[]> = {
  running: ['queued', 'processing', 'uploading'],
  completed: ['completed'],
  failed: ['failed'],
  cancelled: ['cancelled'],
}

/** Returns the first instant of a day in the user's time zone. */
export function startOfDay(day: string): string {
  return new Date(`${day}T00:00:00`).toISOString()
}

/** Returns the last millisecond of a day in the user's time zone. */
export function endOfDay(day: string): string {
  return new Date(`${day}T23:59:59.999`).toISOString()
}

function isSet(value: unknown): boolean {
  return value !== null
}

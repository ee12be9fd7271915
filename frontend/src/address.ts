import { KINDS } from '@darkroom/contracts/enums'
import { LIMITS } from '@darkroom/contracts/limits'
import { ALL_GENERATIONS, EMPTY_FILTER, type ListQuery, type Section, STATUS_GROUPS } from './library/list-query.ts'
import type { AroundLocation, FeedLocation } from './store/feed-location.ts'

/** The reader's position in a list: a generation, and the offset in its row as a share of the row's height. */
export interface SavedPosition {
  id: string
  share: number
}

/** A list and the location in it, as an address names them. */
export interface FeedAddress {
  query: ListQuery
  location: FeedLocation
}

const SECTION_NAMES: Record<Section, string> = { all: 'search', favourites: 'favourites', trash: 'trash' }
const SECTIONS = Object.keys(SECTION_NAMES) as Section[]

/**
 * Parses the fragment of an address: `#g=<id>` of the plain feed, `#favourites`, `#trash` and `#search?q=…` of the other lists,
 * each with `g=<id>` as a parameter. The share is that of the history entry's state.
 */
export function parseAddress({ hash, state }: { hash: string; state: unknown }): FeedAddress {
  const [, name = '', parameters = ''] = /^#([a-z]+)(?:\?(.*))?$/.exec(hash) ?? []
  const section = SECTIONS.find(candidate => SECTION_NAMES[candidate] === name)
  const fields = new URLSearchParams(section === undefined ? hash.slice(1) : parameters)
  const query = section === undefined ? ALL_GENERATIONS : { section, ...parseFilter(fields) }
  return { query, location: parseLocation(fields.get('g') ?? '', state) }
}

/** Returns the fragment of an address. It is empty for the end of the plain feed. @param position null for the end */
export function formatAddress(query: ListQuery, position: SavedPosition | null): string {
  const filter = formatFilter(query)
  const parts = [...filter, ...(position === null ? [] : [`g=${position.id}`])]
  if (query.section === 'all' && filter.length === 0) return position === null ? '' : `#g=${position.id}`
  return `#${SECTION_NAMES[query.section]}${parts.length > 0 ? `?${parts.join('&')}` : ''}`
}

function parseFilter(fields: URLSearchParams) {
  const models = (fields.get('model') ?? '').split(',').filter(id => id !== '')
  return {
    ...EMPTY_FILTER,
    text: parseText(fields.get('q') ?? ''),
    kind: KINDS.find(kind => kind === fields.get('kind')) ?? null,
    models: [...new Set(models)],
    since: parseDay(fields.get('from')),
    until: parseDay(fields.get('to')),
    favourite: fields.has('favourite'),
    references: fields.has('references'),
    status: STATUS_GROUPS.find(group => group === fields.get('status')) ?? null,
  }
}

function formatFilter({ text, kind, models, since, until, favourite, references, status }: ListQuery): string[] {
  const parts = [
    text !== '' && `q=${encodeURIComponent(text.toWellFormed())}`,
    kind !== null && `kind=${kind}`,
    models.length > 0 && `model=${models.map(encodeURIComponent).join(',')}`,
    since !== null && `from=${since}`,
    until !== null && `to=${until}`,
    favourite && 'favourite',
    references && 'references',
    status !== null && `status=${status}`,
  ]
  return parts.filter(part => part !== false)
}

function parseLocation(id: string, state: unknown): FeedLocation {
  if (!/^[0-9a-f-]{36}$/i.test(id)) return 'newest'
  const around: AroundLocation = { around: id }
  return isSavedPosition(state) && state.id === id ? { ...around, share: state.share } : around
}

/** Returns a text as the studio can search for it. */
function parseText(text: string): string {
  return text.replaceAll('\0', '').trim().slice(0, LIMITS.searchCharacters).toWellFormed().trim()
}

function parseDay(text: string | null): string | null {
  return text !== null && /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : null
}

function isSavedPosition(state: unknown): state is SavedPosition {
  if (typeof state !== 'object' || state === null) return false
  return 'id' in state && typeof state.id === 'string' && 'share' in state && Number.isFinite(state.share)
}

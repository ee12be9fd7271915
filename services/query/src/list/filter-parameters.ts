import { KINDS, STATUSES, type Status } from '@darkroom/contracts/enums'
import { LIMITS } from '@darkroom/contracts/limits'
import { isStorable } from '@darkroom/contracts/parameters'
import { z } from 'zod'
import { CommaList, splitAtCommas } from '../comma-list.ts'
import { createCursorAt } from './cursor.ts'
import type { DateBound, ListFilter } from './filter-conditions.ts'
import { parseSearch, type Search } from './search.ts'
import { DEFAULT_TIME_ZONE, TimeZone } from './time-zone.ts'

const MAX_MODELS = 20

export const BooleanParameter = z.enum(['true', 'false']).transform(text => text === 'true')
const SearchableText = z.string().refine(isStorable, 'has a character that cannot be searched for')

const StatusList = CommaList.refine(
  (names): names is Status[] => names.every(isStatus),
  `can be ${STATUSES.join(', ')}, or several of them with commas between`,
)
const ModelList = z.preprocess(splitAtCommas, z.array(SearchableText.min(1).max(200)).max(MAX_MODELS))
const IdList = z.preprocess(splitAtCommas, z.array(z.uuid()).max(LIMITS.pageRows))

/** A day, or a time with its zone, as a query parameter. */
export const DayOrTime = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], 'is neither a day nor a time with its zone')
  .refine(text => createCursorAt(text) !== undefined, 'is not a time that there was')

/** Query parameters that narrow down the list; those of the list, of its count and of its timeline. */
export const FILTER_PARAMETERS = {
  ids: IdList.optional(),
  status: StatusList.optional(),
  kind: z.enum(KINDS).optional(),
  model: ModelList.optional(),
  favourite: BooleanParameter.optional(),
  references: BooleanParameter.optional(),
  parent: z.uuid().optional(),
  from: DayOrTime.optional(),
  to: DayOrTime.optional(),
  zone: TimeZone.optional(),
  trash: BooleanParameter.optional(),
  q: SearchableText.max(LIMITS.searchCharacters).optional(),
}

export const FilterParameters = z.strictObject(FILTER_PARAMETERS)
export type FilterParameters = z.infer<typeof FilterParameters>

/** Filter of a request, and its search, whose selectivity is not known yet. */
export interface FilterQuery {
  filter: Omit<ListFilter, 'search'>
  search: Search | null
}

/** Converts the query parameters that narrow down the list. */
export function parseFilter(parameters: FilterParameters, workspaceId: string): FilterQuery {
  const { ids, status, kind, model, favourite, references, parent, from, to, trash, q } = parameters
  const zone = parameters.zone ?? DEFAULT_TIME_ZONE
  return {
    filter: {
      workspaceId,
      ids,
      statuses: status?.filter(isStatus),
      kind,
      models: model && [...new Set(model)],
      isFavourite: favourite,
      hasReferences: references,
      parentId: parent,
      from: parseBound(from, zone),
      to: parseBound(to, zone),
      isTrashed: trash ?? false,
    },
    search: q === undefined ? null : parseSearch(q),
  }
}

function parseBound(text: string | undefined, zone: string): DateBound | undefined {
  if (text === undefined) return undefined
  return text.length === 'YYYY-MM-DD'.length ? { day: text, zone } : { time: new Date(text).toISOString() }
}

function isStatus(name: string): name is Status {
  return (STATUSES as readonly string[]).includes(name)
}

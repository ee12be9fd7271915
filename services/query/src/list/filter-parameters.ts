import { KINDS, type Kind, STATUSES } from '@darkroom/contracts/enums'
import { Uuid } from '@darkroom/contracts/generation'
import { LIMITS } from '@darkroom/contracts/limits'
import { isStorable } from '@darkroom/contracts/parameters'
import { z } from 'zod'
import { splitAtCommas } from '../comma-list.ts'
import { createCursorAt } from './cursor.ts'
import type { DateBound, ListFilter } from './filter-conditions.ts'
import { parseSearch, type Search } from './search.ts'
import { DEFAULT_TIME_ZONE, TimeZone } from './time-zone.ts'

const MAX_MODELS = 20

export const BooleanParameter = z.enum(['true', 'false']).transform(text => text === 'true')
const SearchableText = z.string().refine(isStorable, 'has a character that cannot be searched for')

const StatusList = createNameList(STATUSES)
const KindList = createNameList(KINDS)
const ModelList = z.preprocess(splitAtCommas, z.array(SearchableText.min(1).max(200)).max(MAX_MODELS))
const IdList = z.preprocess(splitAtCommas, z.array(Uuid).max(LIMITS.pageRows))

/** A day, or a time with its zone, as a query parameter. */
export const DayOrTime = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], 'is neither a day nor a time with its zone')
  .refine(text => createCursorAt(text) !== undefined, 'is not a time that there was')

/** Query parameters that narrow down the list; those of the list, of its count and of its timeline. */
export const FILTER_PARAMETERS = {
  ids: IdList.optional(),
  status: StatusList.optional(),
  kind: KindList.optional(),
  model: ModelList.optional(),
  favourite: BooleanParameter.optional(),
  references: BooleanParameter.optional(),
  parent: Uuid.optional(),
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
      statuses: status,
      kind: kind && selectKind(kind),
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

/** Returns the one kind that is listed; undefined when all are, which is no condition. */
function selectKind(kinds: readonly Kind[]): Kind | undefined {
  return new Set(kinds).size === 1 ? kinds[0] : undefined
}

function createNameList<T extends string>(names: readonly [T, ...T[]]) {
  const message = `can be ${names.join(', ')}, or several of them with commas between`
  return z.preprocess(splitAtCommas, z.array(z.enum(names, message)).max(20))
}

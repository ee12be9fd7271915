import { KINDS, STATUSES, type Status } from '@darkroom/contracts/enums'
import { LIMITS } from '@darkroom/contracts/limits'
import { isStorable } from '@darkroom/contracts/parameters'
import { ProblemError } from '@darkroom/infra/http/problem'
import { z } from 'zod'
import { CommaList } from '../comma-list.ts'
import { type Cursor, createCursorAt, decodeCursor } from './cursor.ts'
import type { ListFilter } from './list-rows.ts'
import { parseSearch, type Search } from './search.ts'

/** Anchor of a page: on one side of a cursor (null: at the end of the list), around a generation, or around a cursor. */
export type PageAnchor =
  | { kind: 'cursor'; direction: 'older' | 'newer'; cursor: Cursor | null }
  | { kind: 'around-id'; id: string }
  | { kind: 'around'; cursor: Cursor }

export interface ListQuery {
  filter: Omit<ListFilter, 'search'>
  search: Search | null
  anchor: PageAnchor
  limit: number
}

const BooleanParameter = z.enum(['true', 'false']).transform(text => text === 'true')
const SearchableText = z.string().refine(isStorable, 'has a character that cannot be searched for')

const StatusList = CommaList.refine(
  (names): names is Status[] => names.every(isStatus),
  `can be ${STATUSES.join(', ')}, or several of them with commas between`,
)

/** Query parameters of the list. */
export const ListParameters = z.strictObject({
  limit: z.coerce.number().int().min(1).max(LIMITS.pageRows).default(50),
  cursor: z.string().max(200).optional(),
  direction: z.enum(['older', 'newer']).default('older'),
  around: z.uuid().optional(),
  at: z.union([z.iso.date(), z.iso.datetime({ offset: true })], 'is neither a day nor a time with its zone').optional(),
  status: StatusList.optional(),
  kind: z.enum(KINDS).optional(),
  model: SearchableText.min(1).max(200).optional(),
  favourite: BooleanParameter.optional(),
  references: BooleanParameter.optional(),
  trash: BooleanParameter.default(false),
  q: SearchableText.max(500).optional(),
  includeParameters: BooleanParameter.default(false),
})
export type ListParameters = z.infer<typeof ListParameters>

/**
 * Converts the query parameters to a list query.
 *
 * @throws ProblemError `invalid` for a cursor or time that is not valid, or for two anchors at once
 */
export function parseListQuery(parameters: ListParameters, workspaceId: string): ListQuery {
  const { limit, status, kind, model, favourite, references, trash, q, includeParameters } = parameters
  const statuses = status?.filter(isStatus)
  return {
    filter: {
      workspaceId,
      statuses,
      kind,
      model,
      isFavourite: favourite,
      hasReferences: references,
      isTrashed: trash,
      includeParameters,
    },
    search: q === undefined ? null : parseSearch(q),
    anchor: parsePageAnchor(parameters),
    limit,
  }
}

function parsePageAnchor({ cursor, direction, around, at }: ListParameters): PageAnchor {
  const given = [cursor, around, at].filter(value => value !== undefined)
  if (given.length > 1) throw new ProblemError('invalid', 'cursor, around and at are three places; give one of them.')
  if (around !== undefined) return { kind: 'around-id', id: around }
  if (at !== undefined)
    return { kind: 'around', cursor: requireCursor(createCursorAt(at), 'at is not a time that there was.') }
  if (cursor === undefined) return { kind: 'cursor', direction, cursor: null }
  return {
    kind: 'cursor',
    direction,
    cursor: requireCursor(decodeCursor(cursor), 'cursor is not one that this list gave.'),
  }
}

function requireCursor(cursor: Cursor | undefined, message: string): Cursor {
  if (!cursor) throw new ProblemError('invalid', message)
  return cursor
}

function isStatus(name: string): name is Status {
  return (STATUSES as readonly string[]).includes(name)
}

import { Uuid } from '@darkroom/contracts/generation'
import { LIMITS } from '@darkroom/contracts/limits'
import { ProblemError } from '@darkroom/infra/http/problem'
import { z } from 'zod'
import { type Cursor, createCursorAt, decodeCursor } from './cursor.ts'
import { BooleanParameter, DayOrTime, FILTER_PARAMETERS, type FilterQuery, parseFilter } from './filter-parameters.ts'

/** Anchor of a page: on one side of a cursor (null: at the end of the list), around a generation, or around a cursor. */
export type PageAnchor =
  | { kind: 'cursor'; direction: 'older' | 'newer'; cursor: Cursor | null }
  | { kind: 'around-id'; id: string }
  | { kind: 'around'; cursor: Cursor }

export interface ListQuery extends FilterQuery {
  anchor: PageAnchor
  limit: number
  /** Documents with the raw parameters instead of the sanitized ones: for administrators only. */
  includeParameters: boolean
}

/** Returns whether a page is one of all generations that are not in the trash, as they are stored. A search is no filter here. */
export function isUnfiltered({ filter, includeParameters }: ListQuery): boolean {
  const { workspaceId: _, isTrashed, ...filters } = filter
  return !(isTrashed || includeParameters) && Object.values(filters).every(value => value === undefined)
}

/** Query parameters of the list. */
export const ListParameters = z.strictObject({
  ...FILTER_PARAMETERS,
  limit: z.coerce.number().int().min(1).max(LIMITS.pageRows).default(50),
  cursor: z.string().max(200).optional(),
  direction: z.enum(['older', 'newer']).default('older'),
  around: Uuid.optional(),
  at: DayOrTime.optional(),
  includeParameters: BooleanParameter.default(false),
})
export type ListParameters = z.infer<typeof ListParameters>

/**
 * Converts the query parameters to a list query.
 *
 * @throws ProblemError `invalid` for a cursor or time that is not valid, or for two anchors at once
 */
export function parseListQuery(parameters: ListParameters, workspaceId: string): ListQuery {
  const { limit, includeParameters } = parameters
  return {
    ...parseFilter(parameters, workspaceId),
    anchor: parsePageAnchor(parameters),
    limit,
    includeParameters,
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

import { publicError } from '@darkroom/contracts/failures'
import { LIMITS } from '@darkroom/contracts/limits'
import { sanitizeParameters } from '@darkroom/contracts/parameters'
import type { ImportRecord } from '../record.ts'
import type { LineValues } from './known-keys.ts'
import { isObject, toOptionalText } from './values.ts'

const STATUS_ALIASES: ReadonlyMap<string, ImportRecord['status']> = new Map([
  ['completed', 'completed'],
  ['complete', 'completed'],
  ['succeeded', 'completed'],
  ['success', 'completed'],
  ['successful', 'completed'],
  ['finished', 'completed'],
  ['done', 'completed'],
  ['ready', 'completed'],
  ['ok', 'completed'],
  ['failed', 'failed'],
  ['failure', 'failed'],
  ['error', 'failed'],
  ['errored', 'failed'],
  ['cancelled', 'cancelled'],
  ['canceled', 'cancelled'],
  ['aborted', 'cancelled'],
])

const UNFINISHED_ERROR = publicError('imported_unfinished')
const EMPTY_ERROR = publicError('imported_empty')
const FAILED_ERROR = publicError('imported_failed')
/** Keys of an error that have its text, the best first. */
const MESSAGE_KEYS = ['message', 'error', 'detail', 'reason', 'code']

/** Maps the status of another system to an outcome. A generation that is unfinished there counts as failed: it never finishes here. */
export function resolveOutcome(values: LineValues, outputs: number): Pick<ImportRecord, 'status' | 'error'> {
  const status = STATUS_ALIASES.get((toOptionalText(values.status, 'status') ?? 'completed').trim().toLowerCase())
  if (status === 'completed' && outputs > 0) return { status: 'completed', error: null }
  if (status === 'cancelled') return { status: 'cancelled', error: null }
  if (status === undefined && outputs > 0) return { status: 'completed', error: null }
  const message = findMessage(values.error)
  if (message) return { status: 'failed', error: { ...FAILED_ERROR, message } }
  if (status === 'completed') return { status: 'failed', error: EMPTY_ERROR }
  return { status: 'failed', error: status === 'failed' ? FAILED_ERROR : UNFINISHED_ERROR }
}

/** Finds the text of an error, which may be an object, or an object within one. */
function findMessage(error: unknown, depth = 0): string | undefined {
  if (typeof error === 'string') return sanitizeParameters({ error: error.slice(0, LIMITS.errorCharacters) }).error
  if (!isObject(error) || depth > 2) return undefined
  for (const key of MESSAGE_KEYS) {
    const message = Object.hasOwn(error, key) ? findMessage(error[key], depth + 1) : undefined
    if (message) return message
  }
  return undefined
}

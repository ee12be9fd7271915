import type { ConnectionChange, NewConnection } from '@darkroom/contracts/connection'
import { ADDABLE_KINDS, type ConnectionKind, KIND_INFO } from '@darkroom/contracts/connection-kinds'
import { isLinkLocalUrl } from '@darkroom/infra/connections/link-local'
import { ProblemError } from '@darkroom/infra/http/problem'
import { type FieldError, throwValidationError } from '../validation-error.ts'
import type { LockedConnection } from './connection-rows.ts'

/** Checks that a new connection has what its kind needs, and nothing else. @throws ProblemError `invalid` */
export function assertComplete({ kind, key, baseUrl, dialect, draft }: NewConnection): void {
  if (!ADDABLE_KINDS.includes(kind)) throwValidationError([{ path: 'kind', message: 'cannot be added' }])
  const info = KIND_INFO[kind]
  const isMachine = info.where === 'machine'
  const errors: FieldError[] = [
    ...(info.key === 'required' && key === undefined ? [{ path: 'key', message: 'is needed by this provider' }] : []),
    ...(!isMachine && info.baseUrl === null && baseUrl === undefined
      ? [{ path: 'baseUrl', message: 'is missing' }]
      : []),
    ...(isMachine && draft ? [{ path: 'draft', message: 'is not for this machine: it is switched on at once' }] : []),
    ...validateFields(kind, { key, baseUrl, dialect }),
  ]
  if (errors.length > 0) throwValidationError(errors)
}

/**
 * Checks that a connection may be changed like this: what the environment decides stays, and a key is not sent to another server than the
 * one that it was entered for.
 *
 * @throws ProblemError `conflict`; `invalid`
 */
export function assertChangeAllowed(current: LockedConnection, change: ConnectionChange): void {
  if (current.source !== 'stored') assertUnlocked(current, change)
  const errors = validateFields(current.kind, change)
  if (movesKey(current, change))
    errors.push({ path: 'key', message: 'is needed again with another address: it would be sent to another server' })
  if (errors.length > 0) throwValidationError(errors)
}

/** Checks that a connection is not decided by the environment, and not part of the studio. @throws ProblemError `conflict` */
export function assertRemovable({ source }: LockedConnection): void {
  if (source === 'built-in') throw new ProblemError('conflict', 'It is part of the studio and cannot be removed.')
  if (source === 'environment')
    throw new ProblemError('conflict', 'It comes from the environment. Remove its variable and start the studio again.')
}

function movesKey({ hasKey, baseUrl }: LockedConnection, change: ConnectionChange): boolean {
  return hasKey && change.baseUrl !== undefined && change.baseUrl !== baseUrl && change.key === undefined
}

/** Fields that can be changed of a connection that the environment decides, or the studio. */
const UNLOCKED: ReadonlySet<string> = new Set<keyof ConnectionChange>([
  'slots',
  'maxOpenCalls',
  'budgetMicros',
  'assumedMicros',
  'failoverModel',
])

function assertUnlocked({ source }: LockedConnection, change: ConnectionChange): void {
  const names = Object.keys(change)
    .filter(name => !UNLOCKED.has(name))
    .join(', ')
  if (names === '') return
  const reason = source === 'built-in' ? 'It is part of the studio' : 'It comes from the environment'
  throw new ProblemError('conflict', `${reason}: only its limits, budget and rule can be changed, not ${names}.`)
}

function validateFields(
  kind: ConnectionKind,
  { key, baseUrl, dialect }: Pick<ConnectionChange, 'key' | 'baseUrl' | 'dialect'>,
): FieldError[] {
  const errors: FieldError[] = []
  if (key && KIND_INFO[kind].key === 'none')
    errors.push({ path: 'key', message: 'is not something this provider takes' })
  if (dialect && kind !== 'openai-compatible')
    errors.push({ path: 'dialect', message: 'is not something this provider has' })
  if (baseUrl !== undefined && KIND_INFO[kind].where === 'machine')
    errors.push({ path: 'baseUrl', message: 'is not something this machine has' })
  if (baseUrl !== undefined && isLinkLocalUrl(baseUrl))
    errors.push({ path: 'baseUrl', message: 'is a link-local address, to which nothing is ever sent' })
  return errors
}

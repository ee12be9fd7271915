import type { InputRole, Model } from '@darkroom/contracts/model'
import { countInputs } from '@darkroom/contracts/model-fields'
import { type Attachment, isSendable } from './attachment.ts'

/** The part of an attachment that its role depends on. */
export type RoleCandidate = Pick<Attachment, 'role' | 'state' | 'canRetry' | 'isLeftOver'>

/** Roles as the composer names them. */
export const ROLE_LABELS: Record<InputRole, string> = {
  reference: 'Reference',
  source: 'Source',
  mask: 'Mask',
  'first-frame': 'First frame',
  'last-frame': 'Last frame',
  style: 'Style',
}

/** Lists the roles that can be chosen for an image with a model. A mask is painted and not chosen. */
export function listRoles({ inputs }: Pick<Model, 'inputs'>): InputRole[] {
  return inputs.map(({ role }) => role).filter(role => role !== 'mask')
}

/**
 * Assigns a role of the model to each attachment; null to those that are not sent. A chosen role counts before all others. An image
 * without one is a reference or, where the model has none, the next role that is free.
 */
export function assignRoles(list: readonly RoleCandidate[], model: Model): (InputRole | null)[] {
  const free = new Map(listRoles(model).map(role => [role, countInputs(model, role)]))
  free.set('mask', model.mask === 'none' ? countInputs(model, 'mask') : 1)
  const claim = (role: InputRole | undefined) => {
    const left = role === undefined ? 0 : (free.get(role) ?? 0)
    if (role === undefined || left === 0) return null
    free.set(role, left - 1)
    return role
  }
  const chosen = list.map(item => (isSent(item) && isChosen(item.role, model) ? claim(item.role ?? undefined) : null))
  return list.map((item, index) => {
    if (!isSent(item) || isChosen(item.role, model)) return chosen[index] ?? null
    return claim(listRoles(model).includes('reference') ? 'reference' : listRoles(model).find(role => free.get(role)))
  })
}

/** Returns the sentences about the attachments that a model does not take. */
export function describeUnsent(list: readonly RoleCandidate[], model: Model): string[] {
  const roles = assignRoles(list, model)
  const unsent = list.filter((item, index) => isSent(item) && roles[index] === null)
  const automatic = unsent.filter(({ role }) => !isChosen(role, model)).length
  const chosen = new Set(unsent.flatMap(({ role }) => (role !== null && isChosen(role, model) ? [role] : [])))
  return [
    ...(automatic > 0 ? [formatOverLimit(model, automatic)] : []),
    ...[...chosen].map(role => formatRoleOverLimit(model, role)),
  ]
}

/** Describes the images that a model needs and that are missing: `Veo needs a first frame.` */
export function describeMissing(list: readonly RoleCandidate[], model: Model): string[] {
  const roles = assignRoles(list, model)
  return model.inputs.flatMap(({ role, min }) => {
    const missing = min - roles.filter(assigned => assigned === role).length
    if (missing <= 0) return []
    if (role === 'reference') return [`${model.name} needs ${missing} more reference${missing === 1 ? '' : 's'}.`]
    return [`${model.name} needs ${missing === 1 ? 'a' : missing} ${formatRole(role)}${missing === 1 ? '' : 's'}.`]
  })
}

/** Lists the images that a model takes: `3 references and one style picture`; empty if it takes none. */
export function formatInputs(model: Pick<Model, 'inputs'>): string {
  return listRoles(model)
    .map(role => formatRoleCount(role, countInputs(model, role)))
    .join(' and ')
}

/** Returns whether an attachment is to be sent if the model has a role for it. */
function isSent(item: RoleCandidate): boolean {
  return isSendable(item) && !item.isLeftOver
}

/** Returns whether a role was chosen that counts with this model. A mask never becomes anything else. */
function isChosen(role: InputRole | null, model: Model): boolean {
  return role === 'mask' || (role !== null && listRoles(model).includes(role))
}

function formatOverLimit(model: Model, unsent: number): string {
  const limit = countInputs(model, 'reference')
  if (listRoles(model).length === 0) return `${model.name} takes no references. They stay here and are not sent.`
  const rest =
    unsent === 1 ? 'The last one stays here and is not sent.' : `The last ${unsent} stay here and are not sent.`
  if (limit === 0) return `${model.name} takes ${formatInputs(model)}. ${rest}`
  return `${model.name} takes ${limit} reference${limit === 1 ? '' : 's'}. ${rest}`
}

function formatRoleOverLimit(model: Model, role: InputRole): string {
  const limit = role === 'mask' && model.mask !== 'none' ? 1 : countInputs(model, role)
  if (limit === 0) return `${model.name} takes no ${formatRole(role)}. It stays here and is not sent.`
  return `${model.name} takes ${formatRoleCount(role, limit)}. Further ones stay here and are not sent.`
}

function formatRoleCount(role: InputRole, count: number): string {
  return `${count === 1 ? 'one' : count} ${formatRole(role)}${count === 1 ? '' : 's'}`
}

function formatRole(role: InputRole): string {
  return role === 'source' || role === 'style' ? `${role} picture` : ROLE_LABELS[role].toLowerCase()
}

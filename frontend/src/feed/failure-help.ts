import type { Generation } from '@darkroom/contracts/generation'
import { type ActionName, formatActionLabel, isUnknownOutcome, listActions } from '../store/available-actions.ts'
import { formatMoney } from '../ui/money.ts'

/** An action that the page takes by itself to help with a failure. */
export type PageAction = 'edit-prompt' | 'edit-settings' | 'edit-references' | 'other-model' | 'connections'
export type HelpAction = ActionName | PageAction

/** A failure in a few words, and the actions that may help, the most promising first. */
export interface FailureHelp {
  title: string
  actions: readonly HelpAction[]
}

/** Label of the models of other connections. */
export const ELSEWHERE_LABEL = 'Elsewhere'

/** More than two ways out are a riddle. */
const MAX_ACTIONS = 2

/** Returns the help with a generation that has no outputs. */
export function helpWithFailure(generation: Generation): FailureHelp {
  const code = findError(generation)?.code ?? ''
  const available = listActions(generation)
  const help = Object.hasOwn(HELP, code) ? HELP[code] : undefined
  if (areAllDeleted(generation)) return { title: 'Its pictures are deleted', actions: [] }
  if (code === 'replaced') return { title: 'Made with another model', actions: [] }
  if (generation.status === 'cancelled') return { title: 'Cancelled', actions: available }
  if (help === undefined) return { title: 'This did not work', actions: available }
  const [title, actions, repetition] = help
  const all: HelpAction[] = [...actions, ...(repetition === 'same' ? available : [])]
  return { title, actions: all.slice(0, MAX_ACTIONS) }
}

/** Returns the label of an action that helps with a failure. */
export function formatHelpLabel(action: HelpAction, generation: Generation): string {
  return isPageAction(action) ? PAGE_ACTION_LABELS[action] : formatActionLabel(action, generation)
}

export function isPageAction(action: HelpAction): action is PageAction {
  return Object.hasOwn(PAGE_ACTION_LABELS, action)
}

/** Returns the reason why a generation has no outputs, and what was billed, as far as it is known. */
export function formatFailure(generation: Generation): string {
  if (isUnknownOutcome(generation)) return formatUnknownOutcome(generation)
  return [formatReason(generation), formatBilling(generation)].filter(Boolean).join(' ')
}

const PAGE_ACTION_LABELS: Record<PageAction, string> = {
  'edit-prompt': 'Edit prompt',
  'edit-settings': 'Edit settings',
  'edit-references': 'Edit references',
  'other-model': 'Try another model',
  connections: 'Open Connections',
}

/** `same`: the same request may succeed the next time. `never`: something about it has to change first. */
type Repetition = 'same' | 'never'

/** By code of the failure table. All others can be tried again as they are. */
const HELP: Record<string, readonly [title: string, actions: readonly PageAction[], Repetition]> = {
  key_refused: ['The provider does not accept the key', ['connections'], 'same'],
  payment_required: ['No credit left', ['connections'], 'same'],
  no_permission: ['The key may not do this', ['other-model'], 'same'],
  content_refused: ['The provider refused this prompt', ['edit-prompt', 'other-model'], 'never'],
  output_refused: ['The provider held it back', ['edit-prompt'], 'same'],
  setting_refused: ['A setting was refused', ['edit-settings', 'other-model'], 'never'],
  reference_refused: ['A reference was refused', ['edit-references', 'other-model'], 'never'],
  reference_unreadable: ['A reference could not be read', ['edit-references'], 'same'],
  model_unknown: ['This model is gone', ['other-model'], 'same'],
  request_gone: ['It is gone at the provider', [], 'same'],
  lost: ['It is gone at the provider', [], 'same'],
  fetch_refused: ['It could not be fetched', [], 'same'],
  fetch_failed: ['It could not be fetched', [], 'same'],
  rate_limited: ['Too many requests at once', [], 'same'],
  too_many_at_once: ['Too many requests at once', [], 'same'],
  provider_busy: ['The provider is busy', [], 'same'],
  unknown_outcome: ['It is not known whether this was made', [], 'same'],
}

function findError({ error, outputs }: Generation): Generation['error'] {
  return error ?? outputs.find(output => output.error !== null)?.error ?? null
}

function areAllDeleted({ outputs }: Generation): boolean {
  return outputs.length > 0 && outputs.every(({ state }) => state === 'deleted')
}

function formatReason(generation: Generation): string {
  if (areAllDeleted(generation) && generation.outputs.some(({ error }) => error === null))
    return 'They can be restored from the menu until they are deleted permanently.'
  const error = findError(generation)
  if (error) return error.message
  if (generation.outputs.some(({ state }) => state === 'lost'))
    return 'The provider deleted it before it could be saved.'
  return generation.status === 'cancelled' ? 'Cancelled before there was a picture.' : 'No picture was made.'
}

function formatBilling({ cost }: Generation): string {
  if (cost === null) return ''
  if (cost.amount === 0) return 'Nothing was billed.'
  return cost.estimated ? `About ${formatMoney(cost)} may have been billed.` : `${formatMoney(cost)} was billed.`
}

function formatUnknownOutcome({ cost }: Generation): string {
  const billed = cost && cost.amount > 0 ? ` and billed (about ${formatMoney(cost)})` : ''
  return `Something broke off after it was sent. It may have been made${billed}. Make it again?`
}

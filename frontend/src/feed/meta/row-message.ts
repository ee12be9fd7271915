import type { Generation } from '@darkroom/contracts/generation'
import { isTerminal } from '@darkroom/contracts/lifecycle'
import type { Output } from '@darkroom/contracts/output'
import { countMissing } from '../../store/available-actions.ts'
import { formatDeadline, formatLost, formatStage } from '../../ui/format.ts'
import { hasNoMedia, listShownOutputs } from '../shown-outputs.ts'

/**
 * Returns the message about a generation's outputs: the reason of a wait, of outputs that are missing, or of those that
 * are not saved yet; null if there is nothing. A generation without any output has a panel instead.
 *
 * @param now ms since 1970; without it the text is as long as it can become
 */
export function formatRowMessage(generation: Generation, provider: string, now?: number): string | null {
  if (!isTerminal(generation.status))
    return generation.waiting === null ? null : sentence(formatStage(generation, provider))
  if (hasNoMedia(generation)) return null
  const outputs = listShownOutputs(generation)
  const parts = [
    formatMissing(outputs),
    formatLostOutputs(outputs, provider),
    formatTemporary(outputs, provider, now),
    countMissing(generation) > 0 && generation.cost !== null ? 'What is missing is billed anew.' : null,
  ].filter(part => part !== null)
  return parts.length === 0 ? null : parts.join(' ')
}

function formatMissing(outputs: readonly Output[]): string | null {
  const missing = outputs.filter(({ state }) => state === 'failed' || state === 'pending' || state === 'saving')
  if (missing.length === 0) return null
  const reasons = new Set(missing.map(({ error }) => error?.message).filter(message => message !== undefined))
  const share = `${missing.length} of ${outputs.length} ${missing.length === 1 ? 'was' : 'were'} not made.`
  return [share, ...reasons].join(' ')
}

function formatLostOutputs(outputs: readonly Output[], provider: string): string | null {
  const lost = outputs.filter(({ state }) => state === 'lost')
  if (lost.length === 0) return null
  const deleted = lost.filter(({ error }) => (error?.code ?? 'lost') === 'lost')
  const parts = [
    ...(deleted.length > 0 ? [`${deleted.length} of ${outputs.length}: ${lowercaseFirst(formatLost(provider))}`] : []),
    ...formatShares(
      lost.filter(output => !deleted.includes(output)),
      outputs.length,
    ),
  ]
  return parts.join(' ')
}

function formatTemporary(outputs: readonly Output[], provider: string, now?: number): string | null {
  const notSaved = outputs.filter(({ state }) => state === 'temporary')
  const temporary = notSaved.filter(({ error }) => error === null)
  const refused = formatShares(
    notSaved.filter(({ error }) => error !== null),
    outputs.length,
  )
  const [first] = temporary.toSorted((a, b) => Date.parse(a.expiresAt ?? '') - Date.parse(b.expiresAt ?? ''))
  if (!first) return refused.length === 0 ? null : refused.join(' ')
  const deadline = formatDeadline(first, provider, now)
  const share = `${temporary.length} of ${outputs.length} ${temporary.length === 1 ? 'is' : 'are'}`
  return [`${share} still only at ${deadline}. Saved as soon as there is space and a connection.`, ...refused].join(' ')
}

/** Returns a sentence for each reason that outputs have, with their number. */
function formatShares(outputs: readonly Output[], total: number): string[] {
  const byReason = Map.groupBy(outputs, ({ error }) => error?.message ?? '')
  return [...byReason].map(([reason, { length }]) => `${length} of ${total}: ${lowercaseFirst(reason)}`)
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function lowercaseFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

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
    ...formatMissing(outputs),
    ...formatReasons(outputs, ({ state }) => state === 'lost', provider),
    ...formatTemporary(outputs, provider, now),
    ...(countMissing(generation) > 0 && generation.cost ? ['What is missing is billed anew.'] : []),
  ]
  return parts.join(' ') || null
}

function formatMissing(outputs: readonly Output[]): string[] {
  const missing = outputs.filter(({ state }) => state === 'failed' || state === 'pending' || state === 'saving')
  if (missing.length === 0) return []
  const reasons = new Set(missing.flatMap(({ error }) => error?.message ?? []))
  return [`${missing.length} of ${outputs.length} ${missing.length === 1 ? 'was' : 'were'} not made.`, ...reasons]
}

function formatTemporary(outputs: readonly Output[], provider: string, now?: number): string[] {
  const refused = formatReasons(outputs, ({ state, error }) => state === 'temporary' && error !== null, provider)
  const [first, ...others] = outputs
    .filter(({ state, error }) => state === 'temporary' && !error)
    .toSorted((a, b) => Date.parse(a.expiresAt ?? '') - Date.parse(b.expiresAt ?? ''))
  if (!first) return refused
  const deadline = formatDeadline(first, provider, now)
  const share = `${others.length + 1} of ${outputs.length} ${others.length === 0 ? 'is' : 'are'}`
  return [`${share} still only at ${deadline}. Saved as soon as there is space and a connection.`, ...refused]
}

/** Returns a sentence for each reason that some of the outputs have, with their number. */
function formatReasons(outputs: readonly Output[], isMeant: (output: Output) => boolean, provider: string): string[] {
  const byReason = Map.groupBy(outputs.filter(isMeant), ({ error }) =>
    !error || error.code === 'lost' ? formatLost(provider) : error.message,
  )
  return [...byReason].map(([reason, { length }]) => `${length} of ${outputs.length}: ${lowercaseFirst(reason)}`)
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function lowercaseFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}

import { canTransition, isTerminal } from '@darkroom/contracts/lifecycle'
import type { GenerationSnapshot, RecordedTransition } from './generation-snapshots.ts'

/** Checks I3 and I4: one end per request, by legal transitions, and each claim with a higher attempt than all before. */
export function checkHistory(generation: GenerationSnapshot): string[] {
  const { happened, status, attempt } = generation
  const [first, last] = [happened.at(0), happened.at(-1)]
  if (!first || !last) return ['I4 it has no history']
  const violations = happened.slice(1).flatMap((transition, at) => checkTransition(happened[at] ?? first, transition))
  if (first.from !== null || first.to !== 'queued') violations.push(`I4 it began as ${first.to}`)
  if (last.to !== status) violations.push(`I4 it is ${status}, and its history ends with ${last.to}`)
  // Any process may write a cancellation. Every other end is written by the worker of the attempt.
  if (status !== 'cancelled' && isTerminal(status) && last.attempt !== attempt)
    violations.push(`I3 it ended by attempt ${last.attempt}, and ${attempt} is the latest`)
  return [...violations, ...checkEndCount(happened)]
}

function checkTransition(before: RecordedTransition, transition: RecordedTransition): string[] {
  const description = `${transition.from}→${transition.to} at attempt ${transition.attempt}`
  if (transition.from === null || transition.from !== before.to) return [`I4 ${description} after it was ${before.to}`]
  if (!canTransition(transition.from, transition.to)) return [`I4 ${description} is not a legal transition`]
  const isHigher = transition.attempt > before.attempt
  return isHigher || (!isClaim(transition) && transition.attempt === before.attempt)
    ? []
    : [`I4 ${description} after ${before.attempt}`]
}

function isClaim({ from, to }: RecordedTransition): boolean {
  return from === to || (from === 'queued' && to === 'processing')
}

function checkEndCount(happened: readonly RecordedTransition[]): string[] {
  const begins = happened.filter(({ from, to }) => to === 'queued' || (from === 'failed' && to === 'processing'))
  const ends = happened.filter(({ to }) => isTerminal(to))
  const open = isTerminal(happened.at(-1)?.to ?? 'queued') ? 0 : 1
  if (ends.length + open === begins.length) return []
  return [`I3 it was requested ${begins.length} times and ended ${ends.length} times`]
}

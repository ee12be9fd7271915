import { isTerminal, mayMove } from '@darkroom/contracts/lifecycle'
import type { GenerationEvidence, Happened } from './generation-snapshots.ts'

/** I3 and I4: one end for each time it was asked for, by legal moves, each claim with a higher attempt than all before. */
export function checkHistory(generation: GenerationEvidence): string[] {
  const { happened, status, attempt } = generation
  const [first, last] = [happened.at(0), happened.at(-1)]
  if (!first || !last) return ['I4 it has no history']
  const wrong = happened.slice(1).flatMap((move, at) => wrongMove(happened[at] ?? first, move))
  if (first.from !== null || first.to !== 'queued') wrong.push(`I4 it began as ${first.to}`)
  if (last.to !== status) wrong.push(`I4 it is ${status}, and its history ends with ${last.to}`)
  // A cancellation is written by whoever hears of it, and the others are the worker's.
  if (status !== 'cancelled' && isTerminal(status) && last.attempt !== attempt)
    wrong.push(`I3 it ended by attempt ${last.attempt}, and ${attempt} is the latest`)
  return [...wrong, ...wrongEnds(happened)]
}

function wrongMove(before: Happened, move: Happened): string[] {
  const what = `${move.from}→${move.to} at attempt ${move.attempt}`
  if (move.from === null || move.from !== before.to) return [`I4 ${what} after it was ${before.to}`]
  if (!mayMove(move.from, move.to)) return [`I4 ${what} is no move`]
  const isHigher = move.attempt > before.attempt
  return isHigher || (!isClaim(move) && move.attempt === before.attempt) ? [] : [`I4 ${what} after ${before.attempt}`]
}

function isClaim({ from, to }: Happened): boolean {
  return from === to || (from === 'queued' && to === 'processing')
}

function wrongEnds(happened: readonly Happened[]): string[] {
  const begins = happened.filter(({ from, to }) => to === 'queued' || (from === 'failed' && to === 'processing'))
  const ends = happened.filter(({ to }) => isTerminal(to))
  const open = isTerminal(happened.at(-1)?.to ?? 'queued') ? 0 : 1
  if (ends.length + open === begins.length) return []
  return [`I3 it was asked for ${begins.length} times and ended ${ends.length} times`]
}

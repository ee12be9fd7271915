import type { Status } from '@darkroom/contracts/enums'
import { isTerminal, mayMove } from '@darkroom/contracts/lifecycle'

type Output = 'pending' | 'saving from an address' | 'saving from bytes' | 'temporary' | 'stored' | 'lost' | 'failed'

/** What a generation should be, as the contract's state machine and the design have it. It knows nothing of how that is done. */
export interface Life {
  status: Status
  place: 'studio' | 'trash'
  attempt: number
  failures: number
  /** Whether somebody has it: for good, until somebody else comes, or after having let go of it. */
  lease: 'none' | 'live' | 'over' | 'let go'
  /** Which hold may write, of all that were ever got. */
  holder: number | null
  holds: number
  /** Whether the provider was sent something that it gave a number for. */
  calls: 'none' | 'known'
  outputs: Output[]
  moves: string[]
}

/** Silent deaths after which a generation is failed, as the hands have it. */
const MAX_FAILURES = 2

export function newLife(outputs: number): Life {
  return {
    status: 'queued',
    place: 'studio',
    attempt: 0,
    failures: 0,
    lease: 'none',
    holder: null,
    holds: 0,
    calls: 'none',
    outputs: Array(outputs).fill('pending'),
    moves: ['→queued'],
  }
}

/** What a worker writes does to a generation that it holds. */
export const WRITES: Record<string, (life: Life, index: number) => void> = {
  nothing: () => {},
  call: life => {
    life.calls = 'known'
  },
  url: (life, index) => become(life, index, ['pending', 'saving from bytes'], 'saving from an address'),
  bytes: (life, index) => become(life, index, ['pending'], 'saving from bytes'),
  store: (life, index) => become(life, index, ['saving from an address', 'saving from bytes'], 'stored'),
  leave: (life, index) => {
    become(life, index, ['saving from an address'], 'temporary')
    become(life, index, ['pending', 'saving from bytes'], 'failed')
  },
  fail: (life, index) => become(life, index, ['pending', 'saving from bytes'], 'failed'),
  upload: life => {
    if (life.status === 'processing') move(life, 'uploading')
  },
  finish: end,
  'hand back': letGoOf,
  'let go': life => {
    life.lease = 'let go'
  },
}

/** @returns how a claim should end */
export function claim(life: Life): 'claimed' | 'not-now' | 'nothing-to-do' {
  if (isTerminal(life.status)) return 'nothing-to-do'
  if (life.lease === 'live') return 'not-now'
  life.attempt++
  life.failures += Number(life.lease === 'over')
  if (life.status === 'queued') move(life, 'processing')
  else if (life.lease !== 'none') move(life, life.status)
  if (life.failures > MAX_FAILURES) {
    end(life)
    return 'nothing-to-do'
  }
  life.lease = 'live'
  life.holder = life.holds++
  return 'claimed'
}

/** @returns whether it was cancelled by this */
export function cancel(life: Life): boolean {
  if (isTerminal(life.status)) return false
  move(life, 'cancelled')
  leaveUnfinished(life)
  letGoOf(life)
  return true
}

/** What a person may ask of a generation that has ended. @returns whether that is taken */
export const REOPENINGS: Record<'retry' | 'complete' | 'check', (life: Life) => boolean> = {
  retry: life => isOneOf(life, ['failed', 'cancelled']) && reopen(life, 'queued'),
  complete: life => isOneOf(life, ['completed', 'failed']) && missing(life) > 0 && reopen(life, 'queued'),
  check: life => isOneOf(life, ['failed']) && life.calls === 'known' && missing(life) > 0 && reopen(life, 'processing'),
}

export function become(life: Life, index: number, from: Output[], to: Output): void {
  if (from.includes(life.outputs[index] ?? 'lost')) life.outputs[index] = to
}

function isOneOf({ place, status }: Life, statuses: Status[]): boolean {
  return place === 'studio' && statuses.includes(status)
}

function reopen(life: Life, to: Status): true {
  for (const index of life.outputs.keys()) become(life, index, ['failed', 'lost', 'pending'], 'pending')
  move(life, to)
  life.failures = 0
  letGoOf(life)
  return true
}

function end(life: Life): void {
  leaveUnfinished(life)
  const kept = life.outputs.some(output => output === 'stored' || output === 'temporary')
  if (kept && life.status === 'processing') move(life, 'uploading')
  move(life, kept ? 'completed' : 'failed')
  letGoOf(life)
}

function leaveUnfinished(life: Life): void {
  for (const index of life.outputs.keys()) {
    become(life, index, ['saving from an address'], 'temporary')
    become(life, index, ['pending', 'saving from bytes'], 'failed')
  }
}

function letGoOf(life: Life): void {
  life.lease = 'none'
  life.holder = null
}

function missing({ outputs }: Life): number {
  return outputs.filter(output => output !== 'stored' && output !== 'temporary').length
}

function move(life: Life, to: Status): void {
  if (!mayMove(life.status, to)) throw new Error(`the model itself goes from ${life.status} to ${to}`)
  life.moves.push(`${life.status}→${to}`)
  life.status = to
}

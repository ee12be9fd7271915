import { expect, test } from 'bun:test'
import { ProviderError } from '../providers/adapter.ts'
import type { JobCall } from '../queue/job.ts'
import type { CallOutcome } from './call-context.ts'
import { decideNextPoll } from './next-poll.ts'

const CALL = { call: 0, firstIndex: 0, count: 1, requestId: 'r' } as JobCall

const inQueue = (position: number, seconds: number): CallOutcome => ({
  kind: 'waiting',
  seconds,
  reason: 'provider-queue',
  position,
})
const beingMade = (seconds: number): CallOutcome => ({ kind: 'waiting', seconds, reason: null })
const withoutCapacity: CallOutcome = { kind: 'waiting', seconds: 2, reason: 'connection-full' }
const busy: CallOutcome = {
  kind: 'failed',
  error: new ProviderError('rate_limited', { retryAfterSeconds: 1 }),
  canRetry: true,
  end: null,
}

const decide = (...outcomes: CallOutcome[]) =>
  decideNextPoll(
    outcomes.map(outcome => ({ call: CALL, outcome })),
    { hasTriesLeft: true },
  ).delay

test('is due with the first of its calls', () => {
  expect(decide({ kind: 'finished', end: 'finished' })).toBeNull()
  expect(decide(beingMade(5), beingMade(3), { kind: 'finished', end: 'finished' })).toEqual({
    seconds: 3,
    waiting: null,
  })
})

test('does not wait while one of its calls is being made, whatever the others wait for', () => {
  for (const other of [inQueue(2, 1), withoutCapacity, busy])
    expect(decide(other, beingMade(9))).toMatchObject({ waiting: null })
  expect(decide(inQueue(2, 1), beingMade(9))?.seconds).toBe(1)
})

test('waits for its foremost call in the queue of the provider', () => {
  const waiting = { reason: 'provider-queue', seconds: null, position: 3 } as const
  expect(decide(inQueue(12, 1), inQueue(3, 5), withoutCapacity)).toEqual({ seconds: 1, waiting })
  const { position: _, ...unknown } = waiting
  expect(decide({ kind: 'waiting', seconds: 1, reason: 'provider-queue' }, withoutCapacity)?.waiting).toEqual(unknown)
})

test('tells that a server was started again and has forgotten a call, before it is asked anew', () => {
  const forgotten = { ...busy, error: new ProviderError('request_forgotten') }
  expect(decide(forgotten)?.waiting?.reason).toBe('provider-restarted')
})

test('waits for capacity, or for the time that the provider named, where nothing is at the provider', () => {
  expect(decide(withoutCapacity)).toEqual({ seconds: 2, waiting: { reason: 'connection-full', seconds: null } })
  expect(decide(withoutCapacity, busy)?.waiting).toEqual({ reason: 'rate-limited', seconds: 1 })
})

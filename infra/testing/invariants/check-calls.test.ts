import { expect, test } from 'bun:test'
import { type AnswerRecord, createAnswerRecord } from '../fake-provider/request-log.ts'
import type { ProcessLife } from '../studio/fault-service.ts'
import type { CallContext } from './call-context.ts'
import type { CallSnapshot } from './call-snapshots.ts'
import { checkAnswers } from './check-answers.ts'
import { checkUnknownOutcomes } from './check-unknown.ts'
import type { GenerationSnapshot } from './generation-snapshots.ts'

const ID = '01a219a2-76a8-7084-86e5-fd657605213d'
const KEY = `${ID}:0`
const HOST = '127.0.0.1:1'
const SHA = 'aa'

const ANSWERED: AnswerRecord = {
  ...createAnswerRecord({
    id: 'p',
    idempotencyKey: KEY,
    model: 'fake-bytes',
    indices: [0],
    host: HOST,
    receivedAt: 10_000,
    fault: null,
  }),
  status: 200,
  beganAt: 12_000,
  endedAt: 13_000,
  closedAt: 13_000,
  outputs: [{ index: 0, sha256: SHA }],
}
const CUT: AnswerRecord = { ...ANSWERED, fault: 'cut middle', endedAt: null, outputs: [] }
const OPEN: AnswerRecord = { ...ANSWERED, endedAt: null, outputs: [] }
const LIFE: ProcessLife = {
  service: 'processor',
  providerHost: HOST,
  pid: 1,
  startedAt: 0,
  signals: [],
  failpoint: undefined,
  endedAt: null,
  exit: null,
}
const CALL: CallSnapshot = { generationId: ID, key: KEY, requestId: null, submittedAt: 9_990, isUnknown: true }

const killedAt = (endedAt: number): ProcessLife => ({ ...LIFE, endedAt, exit: 'SIGKILL' })
const signalledTwice = (at: number): ProcessLife => ({
  ...LIFE,
  endedAt: at + 100,
  exit: 'exit 1',
  signals: [
    { name: 'SIGTERM', at: at - 500 },
    { name: 'SIGTERM', at },
  ],
})

function createContext(context: Partial<CallContext>): CallContext {
  return { answers: [], faultPeriods: [], lives: [LIFE], log: { stopRequests: new Set() }, ...context }
}

function createGeneration(state: string, cancelledAt?: number): Map<string, GenerationSnapshot> {
  const happened = cancelledAt === undefined ? [] : [{ to: 'cancelled', at: new Date(cancelledAt).toISOString() }]
  const outputs = [{ index: 0, state, sha256: state === 'stored' ? SHA : null }]
  return new Map([
    [ID, { id: ID, connection: 'fake', error: null, outputs, happened } as unknown as GenerationSnapshot],
  ])
}

test.each([
  ['provider', 'an answer that the provider cut', { answers: [CUT] }],
  [
    'network',
    'a reset of the network during the call',
    { answers: [OPEN], faultPeriods: [{ kind: 'reset', from: 11_000, until: 11_500 }] },
  ],
  [
    'network',
    'a black hole that swallowed the call',
    { faultPeriods: [{ kind: 'black-hole', from: 11_000, until: 14_000 }] },
  ],
  [
    'network',
    'a black hole that delivered the call late',
    { answers: [{ ...OPEN, receivedAt: 20_500 }], faultPeriods: [{ kind: 'black-hole', from: 9_995, until: 20_000 }] },
  ],
  ['kill', 'a kill before the answer had arrived', { answers: [OPEN], lives: [killedAt(12_500)] }],
  ['kill', 'a second stop signal before the answer', { answers: [OPEN], lives: [signalledTwice(11_000)] }],
  ['kill', 'a kill before the call was sent', { lives: [killedAt(10_000)] }],
  ['none', 'an answer in hand', { answers: [ANSWERED] }],
  ['none', 'a kill long after the answer', { answers: [ANSWERED], lives: [killedAt(20_000)] }],
  [
    'none',
    'a kill of another process',
    { answers: [OPEN], lives: [LIFE, { ...killedAt(12_500), providerHost: 'other' }] },
  ],
  [
    'none',
    'a process that stopped in order',
    { answers: [OPEN], lives: [{ ...LIFE, endedAt: 12_500, exit: 'exit 0' }] },
  ],
  [
    'none',
    'a black hole that ended',
    { answers: [ANSWERED], faultPeriods: [{ kind: 'black-hole', from: 11_000, until: 14_000 }] },
  ],
  ['none', 'a call that was never sent', {}],
] as const)('an unknown outcome has the reason "%s" after %s', (reason, _, context) => {
  const report = checkUnknownOutcomes(
    createContext(context as Partial<CallContext>),
    [CALL],
    createGeneration('failed'),
  )
  expect(report.unknown[reason]).toBe(1)
  expect(report.violations).toHaveLength(reason === 'none' ? 1 : 0)
})

test('an unknown outcome is excused by a cancellation that a user requested, and by no other', () => {
  const generations = createGeneration('failed', 11_000)
  const stopRequests = new Set([ID])
  const check = (context: Partial<CallContext>) =>
    checkUnknownOutcomes(createContext({ answers: [OPEN], ...context }), [CALL], generations).violations
  expect(check({ log: { stopRequests } })).toEqual([])
  expect(check({})).toHaveLength(1)
})

test('reports a generation that failed with an unknown outcome without a call that has one', () => {
  const generations = createGeneration('failed')
  for (const generation of generations.values()) generation.error = { code: 'unknown_outcome', message: '' }
  const known = { ...CALL, isUnknown: false }
  expect(checkUnknownOutcomes(createContext({}), [known], generations).violations).toHaveLength(1)
})

test.each([
  ['is stored', 'stored', {}, { delivered: 1, excused: 0, violations: 0 }],
  ['failed', 'failed', {}, { delivered: 1, excused: 0, violations: 1 }],
  ['was never recorded', 'pending', {}, { delivered: 1, excused: 0, violations: 1 }],
  ['came just before a kill', 'failed', { lives: [killedAt(13_500)] }, { delivered: 1, excused: 1, violations: 0 }],
  ['came long before a kill', 'failed', { lives: [killedAt(16_000)] }, { delivered: 1, excused: 0, violations: 1 }],
  [
    'came just before a kill that was noticed late',
    'failed',
    { lives: [{ ...killedAt(16_000), signals: [{ name: 'SIGKILL', at: 13_500 }] }] },
    { delivered: 1, excused: 1, violations: 0 },
  ],
  [
    'came when its sender had given up',
    'failed',
    { faultPeriods: [{ kind: 'black-hole', from: 9_995, until: 10_000 }] },
    { delivered: 1, excused: 1, violations: 0 },
  ],
  ['was cut off', 'failed', { answers: [CUT] }, { delivered: 0, excused: 0, violations: 0 }],
] as const)('counts a delivered output that %s', (_, state, context, { violations, ...counts }) => {
  const given = createContext({ answers: [ANSWERED], ...(context as Partial<CallContext>) })
  const report = checkAnswers(given, [CALL], createGeneration(state))
  expect(report).toMatchObject(counts)
  expect(report.violations).toHaveLength(violations)
})

test('ignores answers about generations that a restored database does not have', () => {
  expect(checkAnswers(createContext({ answers: [ANSWERED] }), [], new Map()).violations).toEqual([])
})

test('reports a stored output that the provider never sent', () => {
  const other = { ...ANSWERED, outputs: [{ index: 0, sha256: 'bb' }] }
  const { violations } = checkAnswers(createContext({ answers: [other] }), [CALL], createGeneration('stored'))
  expect(violations).toEqual([expect.stringContaining('not what the provider sent')])
})

test.each([
  ['p', 0],
  [null, 1],
  ['q', 1],
])('compares the request id that the provider gave with that of the row (%p)', (requestId, violations) => {
  const answer = { ...ANSWERED, model: 'fake-image', outputs: [] }
  const call = { ...CALL, requestId, isUnknown: false }
  expect(
    checkAnswers(createContext({ answers: [answer] }), [call], createGeneration('stored')).violations,
  ).toHaveLength(violations)
})

import { expect, test } from 'bun:test'
import type { Connection } from '@darkroom/contracts/connection'
import { buildConnection } from './connection.fixture.ts'
import {
  billingHost,
  formatBudget,
  formatCheck,
  formatInstant,
  formatLimits,
  formatOrigin,
  formatState,
  formatStudioBudget,
  listFixes,
} from './connection-words.ts'

const NOON = new Date(2026, 10, 22, 12, 0)
const NOW = NOON.getTime()
const MORNING = new Date(2026, 10, 22, 9, 40)
const CLOCK = MORNING.toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' })
const since = MORNING.toISOString()
const error = 'OpenAI does not accept the key.'
const broken = (kind: 'wrong-key' | 'no-permission' | 'no-credit' | 'unreachable' | 'failing' | 'not-served') =>
  buildConnection({ state: { kind, since, error } })

test('says what works, with its models and limits', () => {
  expect(formatState(buildConnection({ models: 6, slots: 3 }), NOW)).toEqual({
    title: 'Works',
    detail: '6 models · 3 at once, 64 open at most',
    problem: null,
    isBroken: false,
  })
  expect(formatState(buildConnection({ kind: 'demo', models: 1 }), NOW).detail).toBe('1 model · free')
  const machine = buildConnection({ kind: 'local', models: 2, baseUrl: null })
  expect([formatState(machine, NOW).detail, formatOrigin(machine)]).toEqual([
    '2 models · free',
    'upscales pictures, free',
  ])
  expect(formatState(buildConnection({ state: { kind: 'checking' } }), NOW).title).toBe('Checking…')
})

test('formats the limits in words', () => {
  expect(formatLimits({ slots: 2, maxOpenCalls: 64 })).toBe('works on 2 at once, at most 64 calls open there')
  expect(formatLimits({ slots: 1, maxOpenCalls: 1 })).toBe('works on 1 at once, at most 1 call open there')
  expect(formatLimits({ slots: 2, maxOpenCalls: null })).toBe('works on 2 at once')
})

test('a limit is a fact with a time, and nothing broken', () => {
  const state = { kind: 'limited', until: since } as const
  expect(formatState(buildConnection({ state }), NOW)).toMatchObject({
    title: 'Limited',
    detail: `until ${CLOCK}`,
    isBroken: false,
  })
})

test.each([
  ['wrong-key', 'Wrong key', ['replace-key', 'check']],
  ['no-permission', 'Not allowed', ['replace-key', 'check']],
  ['no-credit', 'No credit', ['add-credit', 'check']],
  ['unreachable', 'Unreachable', ['check']],
  ['failing', 'Failing', ['check']],
  ['not-served', 'Not served', ['check']],
] as const)('%s: %s', (kind, title, fixes) => {
  const connection = broken(kind)
  expect(formatState({ ...connection, checkedAt: null }, NOW)).toEqual({
    title,
    detail: kind === 'not-served' ? 'by any processor' : `since ${CLOCK} today`,
    problem: error,
    isBroken: true,
  })
  expect(listFixes(connection)).toEqual([...fixes])
})

test('offers no other key for a connection of the environment, and no credit where it is not known where to add it', () => {
  expect(listFixes({ ...broken('wrong-key'), locked: true })).toEqual(['check'])
  expect(listFixes({ ...broken('no-credit'), kind: 'openai-compatible' })).toEqual(['check'])
  expect(listFixes(buildConnection())).toEqual([])
  expect(billingHost(buildConnection())).toBe('platform.openai.com')
})

test('an unreachable connection says when it was tried', () => {
  const tried = (checkedAt: Date) =>
    formatState({ ...broken('unreachable'), checkedAt: checkedAt.toISOString() }, NOW).detail
  expect(tried(new Date(NOW - 12_000))).toBe('tried just now')
  expect(tried(new Date(NOW - 5 * 60_000))).toBe('tried 5 min ago')
  expect(tried(MORNING)).toBe(`tried ${CLOCK} today`)
})

test('formats an instant by its day', () => {
  expect(formatInstant(since, NOW)).toBe(`${CLOCK} today`)
  expect(formatInstant(new Date(2026, 10, 21, 23, 59).toISOString(), NOW)).toBe('yesterday')
  expect(formatInstant(new Date(2026, 10, 12, 8).toISOString(), NOW)).toBe('Nov 12')
})

test('names the origin: environment, service, server', () => {
  const origin = (changes: Partial<Connection>) => formatOrigin(buildConnection(changes))
  expect(origin({ locked: true, variable: 'OPENAI_API_KEY', key: 'environment' })).toBe(
    'OPENAI_API_KEY, from the environment',
  )
  expect(origin({})).toBe('api.openai.com')
  expect(origin({ name: 'Client work' })).toBe('OpenAI · api.openai.com')
  expect(origin({ kind: 'openai-compatible', name: 'attic', baseUrl: 'http://192.168.1.20:8080/v1' })).toBe(
    'OpenAI-compatible · 192.168.1.20:8080',
  )
  expect(origin({ kind: 'demo', locked: true })).toBe('this machine, no AI model')
})

test('formats the result of a check once, whoever says that it works', () => {
  const check = (changes: Partial<Connection>) => formatCheck(buildConnection(changes), NOW)
  expect(check({ checkResult: 'It works: 3 image models. Checking was free.' })).toEqual({
    title: 'It works.',
    text: '3 image models. Checking was free.',
  })
  expect(check({ checkResult: null })).toEqual({ title: 'It works.', text: 'Checking was free.' })
  expect(check({ state: { kind: 'wrong-key', since, error } })).toEqual({ title: 'Wrong key.', text: error })
})

test('formats budgets with what is left', () => {
  expect(formatBudget(buildConnection())).toBeNull()
  expect(formatBudget(buildConnection({ budgetMicros: 20_000_000, spentMicros: 3_200_000 }))).toBe(
    '$16.80 of $20.00 left this month',
  )
  expect(formatBudget(buildConnection({ budgetMicros: 1_000_000, spentMicros: 1_040_000 }))).toBe(
    '$1.04 spent of $1.00: nothing left this month',
  )
  const budget = { limitMicros: 20_000_000, spentMicros: 0, reservedMicros: 500_000, renewsAt: '2026-12-01T00:00:00Z' }
  expect(formatStudioBudget(budget)).toBe(
    'The whole studio: $20.00 of $20.00 left, $0.50 of it for what is queued. It begins anew on December 1.',
  )
  expect(formatStudioBudget({ ...budget, limitMicros: null })).toBeNull()
})

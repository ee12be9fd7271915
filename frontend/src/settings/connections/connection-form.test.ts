import { expect, test } from 'bun:test'
import { buildConnection } from './connection.fixture.ts'
import { changeDialect, fillForm, findProblems, parseMicros, toConnectionChange, toDollars } from './connection-form.ts'

const server = buildConnection({
  kind: 'openai-compatible',
  name: 'attic',
  baseUrl: 'http://192.168.1.20:8080/v1',
  dialect: { takesSeed: true },
})

test('changes nothing that was not changed, and sends what was', () => {
  const form = fillForm(server)
  expect(toConnectionChange(form, server)).toEqual({})
  const dialect = changeDialect(changeDialect(form.dialect, 'takesSeed', undefined), 'sizeStyle', 'width-height')
  const changed = {
    ...form,
    name: ' cellar ',
    slots: '4',
    openCalls: '12',
    budget: '$20',
    assumed: '0.04',
    key: ' k ',
    dialect,
  }
  expect(toConnectionChange(changed, server)).toEqual({
    name: 'cellar',
    slots: 4,
    maxOpenCalls: 12,
    budgetMicros: 20_000_000,
    assumedMicros: 40_000,
    key: 'k',
    dialect: { sizeStyle: 'width-height' },
  })
})

test('emptied fields go back to the default', () => {
  const limited = { ...server, budgetMicros: 5_000_000, assumedMicros: 1 }
  const form = { ...fillForm(limited), slots: '', openCalls: '', budget: '', assumed: '', dialect: {} }
  expect(toConnectionChange(form, limited)).toEqual({
    slots: null,
    maxOpenCalls: null,
    budgetMicros: null,
    assumedMicros: null,
    dialect: null,
  })
})

test('of a connection of the environment, limits and budgets alone can be changed', () => {
  const locked = { ...server, locked: true }
  const form = { ...fillForm(locked), name: 'x', key: 'k', baseUrl: 'http://a', slots: '1', openCalls: '5' }
  expect(toConnectionChange(form, locked)).toEqual({ slots: 1, maxOpenCalls: 5 })
})

test('another address needs the key again', () => {
  const form = { ...fillForm(server), baseUrl: 'example.org/v1' }
  expect(findProblems(form, server).map(({ field }) => field)).toEqual(['key'])
  expect(findProblems({ ...form, key: 'k' }, server)).toEqual([])
  expect(findProblems(form, { ...server, key: 'none' })).toEqual([])
  expect(toConnectionChange({ ...form, key: 'k' }, server)).toEqual({ baseUrl: 'http://example.org/v1', key: 'k' })
})

test.each(['0', '65', '1.5', 'two'])('%s is not a number of slots', slots => {
  expect(findProblems({ ...fillForm(server), slots }, server).map(({ field }) => field)).toEqual(['slots'])
})

test.each(['0', '1001', '1.5', 'many'])('%s is not a number of open calls', openCalls => {
  expect(findProblems({ ...fillForm(server), openCalls }, server).map(({ field }) => field)).toEqual(['openCalls'])
})

test('parses dollars exactly, and nothing else', () => {
  expect(['', '20', '$0.04', '0,5', '0.000001', '0'].map(parseMicros)).toEqual([
    null,
    20_000_000,
    40_000,
    500_000,
    1,
    0,
  ])
  for (const text of ['-1', 'x', '1e3', '0.0000001', '1000001', '1.2.3']) expect(parseMicros(text)).toBeUndefined()
  expect([null, 1, 40_000, 20_000_000].map(toDollars)).toEqual(['', '0.000001', '0.04', '20'])
})

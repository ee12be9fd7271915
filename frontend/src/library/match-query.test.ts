import { expect, test } from 'bun:test'
import { buildGeneration } from '../store/generation.fixture.ts'
import {
  ALL_GENERATIONS,
  endOfDay,
  isFiltered,
  isPlain,
  isSameQuery,
  type ListQuery,
  startOfDay,
} from './list-query.ts'
import { matchesQuery } from './match-query.ts'

const GENERATION = buildGeneration({ model: 'flux', kind: 'image', createdAt: '2026-11-22T12:00:00.000000Z' })
const DELETED_AT = '2026-11-23T12:00:00Z'

function match(change: Partial<ListQuery>, generation = GENERATION) {
  return matchesQuery(generation, { ...ALL_GENERATIONS, ...change })
}

test('the plain feed and the trash have every generation between them', () => {
  const deleted = { ...GENERATION, deletedAt: DELETED_AT }
  expect([match({}), match({}, deleted)]).toEqual([true, false])
  expect([match({ section: 'trash' }), match({ section: 'trash' }, deleted)]).toEqual([false, true])
  expect(match({ section: 'favourites' }, { ...deleted, favourite: true })).toBe(false)
})

test.each([
  [{ section: 'favourites' } as const, { favourite: true }],
  [{ favourite: true }, { favourite: true }],
  [{ kind: 'video' } as const, { kind: 'video' } as const],
  [{ models: ['sd', 'imagen'] }, { model: 'imagen' }],
  [{ status: 'failed' } as const, { status: 'failed' } as const],
  [{ status: 'running' } as const, { status: 'uploading' } as const],
  [{ since: '2026-12-01' }, { createdAt: '2026-12-02T12:00:00Z' }],
  [{ until: '2026-10-01' }, { createdAt: '2026-09-30T12:00:00Z' }],
])('%j matches one with %j and no other', (filter, fields) => {
  expect([match(filter), match(filter, { ...GENERATION, ...fields })]).toEqual([false, true])
})

test('only the studio finds words, and only where everything else matches', () => {
  expect(match({ text: 'boat' })).toBe('unknown')
  expect(match({ text: 'boat', kind: 'video' })).toBe(false)
})

test('the days of a filter are whole days of the user', () => {
  const day = '2026-11-22'
  const at = (createdAt: string) => match({ since: day, until: day }, { ...GENERATION, createdAt })
  expect([at(startOfDay(day)), at(endOfDay(day))]).toEqual([true, true])
  expect(at(new Date(Date.parse(startOfDay(day)) - 1).toISOString())).toBe(false)
  expect(at(new Date(Date.parse(endOfDay(day)) + 1).toISOString())).toBe(false)
})

test('a list without conditions is plain, and every condition filters it', () => {
  expect([isPlain(ALL_GENERATIONS), isFiltered(ALL_GENERATIONS)]).toEqual([true, false])
  expect(isPlain({ ...ALL_GENERATIONS, section: 'trash' })).toBe(false)
  const changes = [{ text: 'a' }, { models: ['a'] }, { favourite: true }, { references: true }, { status: 'failed' }]
  for (const change of changes) {
    const query = { ...ALL_GENERATIONS, ...change } as ListQuery
    expect([isFiltered(query), isSameQuery(query, ALL_GENERATIONS)]).toEqual([true, false])
  }
})

import { expect, test } from 'bun:test'
import type { Model } from '@darkroom/contracts/model'
import { describeFilter, formatBytes, formatDays, formatListCount, formatModels } from './filter-words.ts'
import { findMatches, toPattern } from './found-highlight.ts'
import { EMPTY_FILTER } from './list-query.ts'
import { runLimited } from './selection/run-limited.ts'
import { formatDaysLeft, formatTrashDays } from './trash-days.ts'

const MODELS = new Map([['flux', { name: 'FLUX.2 pro' } as Model]])

test('describes a filter in one line', () => {
  const filter = {
    ...EMPTY_FILTER,
    text: 'valley',
    kind: 'image',
    models: ['flux', 'old'],
    since: '2026-09-01',
  } as const
  expect(describeFilter(filter, MODELS)).toBe('“valley”, images, FLUX.2 pro, old, since Sep 1, 2026')
  expect(formatModels({ models: ['flux', 'a', 'b'] }, MODELS)).toBe('FLUX.2 pro and 2 more')
  expect(formatDays({ since: '2026-09-01', until: '2026-10-03' })).toBe('Sep 1, 2026 to Oct 3, 2026')
  expect(formatDays({ since: null, until: null })).toBeNull()
})

test('formats the size of a list and of a selection', () => {
  expect(formatListCount({ generations: 1, outputs: 4 }, null)).toBe('1 generation · 4 pictures')
  expect(formatListCount({ generations: 1_038, outputs: 1 }, 'image')).toBe('1,038 generations · 1 image')
  expect([820_000, 31_400_000, 1_230_000_000].map(formatBytes)).toEqual(['820 KB', '31.4 MB', '1.2 GB'])
})

test('says how long a generation stays in the trash', () => {
  const deletedAt = '2026-11-01T00:00:00Z'
  const left = (day: string) => formatDaysLeft(deletedAt, Date.parse(`${day}T12:00:00Z`))
  expect(['2026-10-31', '2026-11-01', '2026-11-28', '2026-11-30', '2026-12-01'].map(left)).toEqual([
    '30 days left',
    '30 days left',
    '3 days left',
    'last day',
    'deleted any moment',
  ])
  expect([
    formatDaysLeft(deletedAt, Date.parse(deletedAt), 90),
    formatDaysLeft(deletedAt, Date.parse(deletedAt), 0),
  ]).toEqual(['90 days left', 'deleted any moment'])
  const alone = ' A picture that was deleted alone is restored from the menu of its generation.'
  expect([0, 1, 7].map(formatTrashDays)).toEqual([
    'Generations that you delete are deleted permanently soon after.',
    `Generations that you delete stay here for a day.${alone}`,
    `Generations that you delete stay here for 7 days.${alone}`,
  ])
})

test('marks the beginnings of words, in any script and whatever signs they have', () => {
  const find = (text: string, prompt: string) =>
    findMatches(prompt, toPattern(text) ?? /$^/g).map(({ start, end }) => prompt.slice(start, end))
  expect(find('vall', 'Valley, a valley; overvalley')).toEqual(['Valley', 'valley'])
  expect(find('"low sun" été', 'a low sun, Été d’été')).toEqual(['low sun', 'Été', 'été'])
  expect(find('c++ (', 'c++ (x')).toEqual(['c++', '(x'])
  expect(find('東京 tow 京', '夜の東京tower、京都')).toEqual(['東京', 'tower', '京'])
  expect(find('cafe,STRASSE', 'Cafe\u0301 Straße 🦊')).toEqual(['Cafe\u0301', 'Straße'])
  expect(find('🦊 हि “ｶﾞ', 'snow🦊 हिन्दी ガラス')).toEqual(['🦊', 'हिन्दी', 'ガ'])
  expect(toPattern(' "" ')).toBeNull()
})

test('makes at most so many requests at once, and all of them although some fail', async () => {
  let [active, most] = [0, 0]
  const request = async (item: number) => {
    active += 1
    most = Math.max(most, active)
    await Bun.sleep(1)
    active -= 1
    if (item % 3 === 0) throw new Error(String(item))
    return item
  }
  const items = Array.from({ length: 20 }, (_, index) => index)
  const { results, errors } = await runLimited(items, 6, request)
  expect([most, results.length, errors.length]).toEqual([6, 13, 7])
})

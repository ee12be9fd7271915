import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { formatAddress, parseAddress } from './address.ts'
import { ALL_GENERATIONS, EMPTY_FILTER, type ListQuery, STATUS_GROUPS } from './library/list-query.ts'

const ID = '01930000-0000-7000-8000-000000000001'

const day = fc
  .date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true })
  .map(date => date.toISOString().slice(0, 10))
const query: fc.Arbitrary<ListQuery> = fc.record({
  section: fc.constantFrom('all', 'favourites', 'trash'),
  text: fc.string({ unit: 'grapheme' }).map(text => text.trim()),
  kind: fc.constantFrom('image', 'video', null),
  models: fc.uniqueArray(fc.stringMatching(/^[\w./ &=#+:%-]{1,12}$/), { maxLength: 3 }),
  since: fc.option(day),
  until: fc.option(day),
  favourite: fc.boolean(),
  references: fc.boolean(),
  status: fc.option(fc.constantFrom(...STATUS_GROUPS)),
})

test('parses every address that it formats: the list, the generation, and the share of the history state', () => {
  const position = fc.record({ id: fc.uuid(), share: fc.double({ min: 0, max: 1, noNaN: true }) })
  fc.assert(
    fc.property(query, fc.option(position), (list, at) => {
      const hash = formatAddress(list, at)
      const location = at === null ? 'newest' : { around: at.id, share: at.share }
      expect(parseAddress({ hash, state: at })).toEqual({ query: list, location })
      expect(new URL(hash, 'http://studio.local/').hash).toBe(hash)
    }),
  )
})

test('parses the address of the plain feed, with the share only of the same generation', () => {
  const parseLocation = (state: unknown) => parseAddress({ hash: `#g=${ID}`, state })
  expect(parseLocation(null)).toEqual({ query: ALL_GENERATIONS, location: { around: ID } })
  expect(parseLocation({ id: ID, share: 0.25 }).location).toEqual({ around: ID, share: 0.25 })
  expect(parseLocation({ id: 'another', share: 0.25 }).location).toEqual({ around: ID })
  expect(formatAddress(ALL_GENERATIONS, { id: ID, share: 0.5 })).toBe(`#g=${ID}`)
})

test('opens the newest of the plain feed for any other address', () => {
  for (const hash of [
    '',
    '#',
    '#g=',
    '#g=1',
    '#g=../x',
    `#h=${ID}`,
    '#searches?q=a',
    formatAddress(ALL_GENERATIONS, null),
  ]) {
    const state = { id: ID, share: Number.NaN }
    expect(parseAddress({ hash, state })).toEqual({ query: ALL_GENERATIONS, location: 'newest' })
  }
})

test('parses the address of a search, and leaves out what is not valid', () => {
  const hash = `#search?q=valley&kind=image&model=a,b&from=2026-09-01&favourite&references&status=failed&g=${ID}`
  expect(parseAddress({ hash, state: null })).toEqual({
    query: {
      ...ALL_GENERATIONS,
      ...{ text: 'valley', kind: 'image', models: ['a', 'b'], since: '2026-09-01' },
      ...{ favourite: true, references: true, status: 'failed' },
    },
    location: { around: ID },
  })
  const long = `#search?q=${'word%20'.repeat(200)}%00`
  expect(parseAddress({ hash: long, state: null }).query.text).toBe('word '.repeat(100).trim())
  const invalid = parseAddress({ hash: '#trash?kind=audio&from=2026-13-45&status=lost&model=,', state: null })
  expect(invalid).toEqual({ query: { section: 'trash', ...EMPTY_FILTER }, location: 'newest' })
})

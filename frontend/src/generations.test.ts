import { describe, expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import fc from 'fast-check'
import { aGeneration } from './fixtures.ts'
import {
  addPage,
  addSent,
  deliver,
  type Generations,
  joins,
  merge,
  NO_GENERATIONS,
  refresh,
  withdraw,
} from './generations.ts'

const START = addPage(NO_GENERATIONS, [], null)

/** The number is the generation's place in time. */
function numbered(number: number, fields: Partial<Generation> = {}): Generation {
  const id = `01930000-0000-7000-8000-${String(number).padStart(12, '0')}`
  const clientId = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
  const createdAt = new Date(1_700_000_000_000 + number * 1_000).toISOString()
  return aGeneration({ ...fields, id, clientId, createdAt, outputs: 1 })
}

function numbers(known: Generations): number[] {
  return known.rows.map(row => Number(row.generation.clientId.slice(-6)))
}

const told = fc.array(
  fc.record({ number: fc.integer({ min: 1, max: 8 }), version: fc.integer({ min: 1, max: 5 }), deleted: fc.boolean() }),
  { maxLength: 30 },
)

function tell(events: { number: number; version: number; deleted: boolean }[]): Generation[] {
  return events.map(({ number, version, deleted }) =>
    numbered(number, { version, deletedAt: deleted && version === 5 ? '2026-11-22T12:00:00Z' : null }),
  )
}

describe('merge', () => {
  test('however events arrive, what is shown is the newest version of each, in order, each once', () => {
    fc.assert(
      fc.property(told, fc.array(fc.integer({ min: 1, max: 6 })), (events, cuts) => {
        const generations = tell(events)
        const shown = inPieces(generations, cuts).reduce(merge, START)
        expect(shown.rows.map(row => [row.key, row.generation.version])).toEqual(newest(generations))
      }),
    )
  })

  test('told again, nothing changes: not even the rows are other objects', () => {
    fc.assert(
      fc.property(told, events => {
        const shown = merge(START, tell(events))
        expect(merge(shown, tell(events))).toBe(shown)
      }),
    )
  })

  test('a row that did not change stays the same object', () => {
    const shown = merge(START, [numbered(1), numbered(2)])
    const after = merge(shown, [numbered(2, { version: 2 })])
    expect(after.rows[0]).toBe(shown.rows[0])
    expect(after.rows[1]).not.toBe(shown.rows[1])
  })

  test('what is older than everything known is left to its page, unless that page is known to be the last', () => {
    const open = addPage(NO_GENERATIONS, [numbered(5), numbered(6)], 'cursor')
    expect(numbers(merge(open, [numbered(2), numbered(7)]))).toEqual([5, 6, 7])
    const complete = addPage(NO_GENERATIONS, [numbered(5)], null)
    expect(numbers(merge(complete, [numbered(2)]))).toEqual([2, 5])
  })

  test('instants are told apart to the microsecond, however they are written', () => {
    const early = { ...numbered(2), createdAt: '2026-11-22T12:00:00.000001Z' }
    const late = { ...numbered(1), createdAt: '2026-11-22T12:00:00.0001Z' }
    const latest = { ...numbered(3), createdAt: '2026-11-22T12:00:00.001+00:00' }
    expect(numbers(merge(START, [latest, late, early]))).toEqual([2, 1, 3])
  })
})

describe('what this page sends', () => {
  const sent = { ...numbered(9), version: 0, id: numbered(9).clientId, createdAt: '2001-01-01T00:00:00Z' }

  test('stands last, whatever this computer’s clock says', () => {
    expect(numbers(addSent(merge(START, [numbered(1), numbered(2)]), sent))).toEqual([1, 2, 9])
  })

  test('becomes the studio’s under the same key, whether the answer or the event comes first', () => {
    const waiting = addSent(merge(START, [numbered(1)]), sent)
    const answered = merge(waiting, [numbered(9, { version: 1 })])
    expect(numbers(answered)).toEqual([1, 9])
    expect(answered.rows.at(-1)).toMatchObject({ key: sent.clientId, delivery: null })
    const overtaken = merge(merge(waiting, [numbered(9, { version: 3 })]), [numbered(9, { version: 1 })])
    expect(overtaken.rows.at(-1)?.generation.version).toBe(3)
  })

  test('a refusal that comes after the studio’s own word changes nothing', () => {
    const answered = merge(addSent(START, sent), [numbered(9)])
    expect(deliver(answered, sent.clientId, { state: 'refused', problem: 'too late' })).toBe(answered)
    expect(withdraw(answered, sent.clientId)).toBe(answered)
  })

  test('can be taken back while it has not arrived', () => {
    const refused = deliver(addSent(START, sent), sent.clientId, { state: 'refused', problem: 'no' })
    expect(refused.rows[0]?.delivery).toEqual({ state: 'refused', problem: 'no' })
    expect(withdraw(refused, sent.clientId).rows).toEqual([])
  })
})

describe('refresh', () => {
  const known = addSent(
    addPage(
      NO_GENERATIONS,
      [1, 2, 3, 4, 5].map(number => numbered(number)),
      'before 1',
    ),
    { ...numbered(9), version: 0 },
  )

  test('what is missing within its reach was deleted; what lies before and what is on its way stays', () => {
    const after = refresh(known, [numbered(6), numbered(5), numbered(3)], 'before 3')
    expect(numbers(after)).toEqual([1, 2, 3, 5, 6, 9])
    expect(after.older).toBe('before 1')
  })

  test('with a gap before it, what was known is let go: the feed is a run without holes', () => {
    const after = refresh(known, [numbered(8), numbered(7)], 'before 7')
    expect(numbers(after)).toEqual([7, 8, 9])
    expect(after.older).toBe('before 7')
    expect(joins(known, [numbered(7)])).toBe(false)
  })

  test('reaching the beginning, it is all there is', () => {
    const after = refresh(known, [numbered(4)], null)
    expect(numbers(after)).toEqual([4, 9])
    expect(after.older).toBeNull()
  })

  test('it never takes a newer version back', () => {
    const newer = merge(known, [numbered(4, { version: 7 })])
    expect(
      refresh(newer, [numbered(4, { version: 6 })], null).byKey.get(numbered(4).clientId)?.generation.version,
    ).toBe(7)
  })
})

function inPieces(generations: Generation[], cuts: number[]): Generation[][] {
  const pieces: Generation[][] = []
  let rest = generations
  for (const cut of cuts) {
    pieces.push(rest.slice(0, cut))
    rest = rest.slice(cut)
  }
  return [...pieces, rest]
}

/** What should be shown, found another way: by version, then by time. */
function newest(generations: Generation[]): [string, number][] {
  const byKey = Object.groupBy(generations, generation => generation.clientId)
  const last = Object.values(byKey).map(versions => (versions ?? []).toSorted((a, b) => a.version - b.version))
  const shown = last.map(versions => firstOfHighest(versions)).filter(generation => generation.deletedAt === null)
  return shown
    .toSorted((a, b) => a.createdAt.localeCompare(b.createdAt))
    .map(({ clientId, version }) => [clientId, version])
}

function firstOfHighest(versions: Generation[]): Generation {
  const highest = versions.at(-1)?.version
  const first = versions.find(generation => generation.version === highest)
  if (!first) throw new Error('there is at least one')
  return first
}

import { describe, expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import fc from 'fast-check'
import { buildNumbered, buildWindow, listNumbers } from './generation.fixture.ts'
import { addUnsent, merge, removeUnsent, setDelivery } from './merge.ts'

const START = buildWindow([])

const updates = fc.array(
  fc.record({ number: fc.integer({ min: 1, max: 8 }), version: fc.integer({ min: 1, max: 5 }), deleted: fc.boolean() }),
  { maxLength: 30 },
)

function toGenerations(events: { number: number; version: number; deleted: boolean }[]): Generation[] {
  return events.map(({ number, version, deleted }) =>
    buildNumbered(number, { version, deletedAt: deleted && version === 5 ? '2026-11-22T12:00:00Z' : null }),
  )
}

describe('merge', () => {
  test('shows the newest version of each generation, in order, each once, in whatever order events arrive', () => {
    fc.assert(
      fc.property(updates, fc.array(fc.integer({ min: 1, max: 6 })), (events, cuts) => {
        const generations = toGenerations(events)
        const shown = inPieces(generations, cuts).reduce(merge, START)
        expect(shown.rows.map(row => [row.key, row.generation.version])).toEqual(newest(generations))
      }),
    )
  })

  test('returns the same window when the same events arrive again', () => {
    fc.assert(
      fc.property(updates, events => {
        const shown = merge(START, toGenerations(events))
        expect(merge(shown, toGenerations(events))).toBe(shown)
      }),
    )
  })

  test('returns the same object for a row that did not change', () => {
    const shown = merge(START, [buildNumbered(1), buildNumbered(2)])
    const after = merge(shown, [buildNumbered(2, { version: 2 })])
    expect(after.rows[0]).toBe(shown.rows[0])
    expect(after.rows[1]).not.toBe(shown.rows[1])
  })

  test('leaves generations outside of the window to their page', () => {
    const open = buildWindow([5, 6], { older: { cursor: 'before 5' } })
    expect(listNumbers(merge(open, [buildNumbered(2), buildNumbered(7)]))).toEqual([5, 6, 7])
    expect(listNumbers(merge(buildWindow([5]), [buildNumbered(2)]))).toEqual([2, 5])
    const cut = buildWindow([5, 7], { newer: 'cut' })
    expect(listNumbers(merge(cut, [buildNumbered(6), buildNumbered(8)]))).toEqual([5, 6, 7])
  })

  test('records generations newer than everything once, outside of the window, until they are deleted', () => {
    const cut = { ...buildWindow([5, 7], { newer: 'cut' }), newestKey: buildWindow([9]).newestKey }
    const merged = merge(cut, [buildNumbered(8), buildNumbered(10), buildNumbered(11)])
    expect([...merged.unloadedNewer]).toEqual([buildNumbered(10).clientId, buildNumbered(11).clientId])
    expect(merge(merged, [buildNumbered(10, { version: 2 }), buildNumbered(11, { version: 3 })])).toBe(merged)
    const deleted = merge(merged, [buildNumbered(10, { version: 9, deletedAt: '2026-11-22T12:00:00Z' })])
    expect([...deleted.unloadedNewer]).toEqual([buildNumbered(11).clientId])
  })

  test('orders instants to the microsecond, in any notation', () => {
    const early = { ...buildNumbered(2), createdAt: '2026-11-22T12:00:00.000001Z' }
    const late = { ...buildNumbered(1), createdAt: '2026-11-22T12:00:00.0001Z' }
    const latest = { ...buildNumbered(3), createdAt: '2026-11-22T12:00:00.001+00:00' }
    expect(listNumbers(merge(START, [latest, late, early]))).toEqual([2, 1, 3])
  })
})

describe('submissions', () => {
  const sent = { ...buildNumbered(9), version: 0, id: buildNumbered(9).clientId, createdAt: '2001-01-01T00:00:00Z' }

  test('stand last, whatever the clock of this computer shows', () => {
    expect(listNumbers(addUnsent(merge(START, [buildNumbered(1), buildNumbered(2)]), sent))).toEqual([1, 2, 9])
  })

  test('become the studio’s generation under the same key, whether the response or the event comes first', () => {
    const waiting = addUnsent(merge(START, [buildNumbered(1)]), sent)
    const answered = merge(waiting, [buildNumbered(9, { version: 1 })])
    expect(listNumbers(answered)).toEqual([1, 9])
    expect(answered.rows.at(-1)).toMatchObject({ key: sent.clientId, delivery: null })
    const overtaken = merge(merge(waiting, [buildNumbered(9, { version: 3 })]), [buildNumbered(9, { version: 1 })])
    expect(overtaken.rows.at(-1)?.generation.version).toBe(3)
  })

  test('are not changed by a refusal that arrives after the generation', () => {
    const answered = merge(addUnsent(START, sent), [buildNumbered(9)])
    expect(setDelivery(answered, sent.clientId, { state: 'refused', problem: 'too late' })).toBe(answered)
    expect(removeUnsent(answered, sent.clientId)).toBe(answered)
  })

  test('are hidden in a window that ends before the newest, and recorded once they have arrived', () => {
    const away = addUnsent(buildWindow([1], { newer: 'cut' }), sent)
    expect([listNumbers(away), away.byKey.has(sent.clientId)]).toEqual([[1], true])
    const answered = merge(away, [buildNumbered(9)])
    expect([listNumbers(answered), [...answered.unloadedNewer], answered.unsent]).toEqual([[1], [sent.clientId], []])
  })

  test('can be discarded while they have not arrived', () => {
    const refused = setDelivery(addUnsent(START, sent), sent.clientId, { state: 'refused', problem: 'no' })
    expect(refused.rows[0]?.delivery).toEqual({ state: 'refused', problem: 'no' })
    expect(removeUnsent(refused, sent.clientId).rows).toEqual([])
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

/** Returns the expected rows, computed another way: by version, then by time. */
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
  if (!first) throw new Error('a group has no versions')
  return first
}

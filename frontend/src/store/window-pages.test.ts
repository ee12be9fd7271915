import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { buildNumbered, buildWindow, listNumbers } from './generation.fixture.ts'
import { addUnsent, merge } from './merge.ts'
import { addNewer, addOlder, overlaps, type Page, reconcileWindow, replaceWindow, trimWindow } from './window-pages.ts'

function page(numbers: readonly number[], nextCursor: string | null, previousCursor: string | null): Page {
  return { generations: numbers.map(number => buildNumbered(number)).reverse(), nextCursor, previousCursor }
}

function span(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index)
}

describe('addOlder, addNewer, replaceWindow', () => {
  const middle = buildWindow([5, 6], { older: { cursor: 'before 5' }, newer: { cursor: 'after 6' } })

  test('add a page at either end', () => {
    const older = addOlder(middle, page([3, 4], 'before 3', 'after 4'))
    expect([listNumbers(older), older.older, older.newer]).toEqual([
      span(3, 6),
      { cursor: 'before 3' },
      { cursor: 'after 6' },
    ])
    const newer = addNewer(middle, page([7, 8], 'before 7', null))
    expect([listNumbers(newer), newer.older, newer.newer]).toEqual([span(5, 8), { cursor: 'before 5' }, 'end'])
  })

  test('forget unloaded generations once the window has reached them', () => {
    const reached = merge({ ...middle, newestKey: '~' }, [buildNumbered(9)])
    expect(reached.unloadedNewer.size).toBe(0)
    const away = merge(middle, [buildNumbered(9), buildNumbered(10)])
    expect(away.unloadedNewer.size).toBe(2)
    const nearer = addNewer(away, page([7, 8, 9], 'before 7', 'after 9'))
    expect([...nearer.unloadedNewer]).toEqual([buildNumbered(10).clientId])
    expect(addNewer(nearer, page([10], 'before 10', null)).unloadedNewer.size).toBe(0)
  })

  test('replace the rows by those of another page, and retain unsent ones', () => {
    const sent = addUnsent(buildWindow([5, 6]), { ...buildNumbered(20), version: 0 })
    const away = replaceWindow(sent, page([1, 2], null, 'after 2'))
    expect([listNumbers(away), away.older, away.newer]).toEqual([[1, 2], 'end', { cursor: 'after 2' }])
    expect(listNumbers(replaceWindow(away, page([6, 7], 'before 6', null)))).toEqual([6, 7, 20])
  })

  test('never bring back a deleted generation or an older version', () => {
    const window = merge(buildWindow([5, 6], { older: { cursor: 'before 5' } }), [
      buildNumbered(6, { version: 7 }),
      buildNumbered(5, { version: 3, deletedAt: '2026-11-22T12:00:00Z' }),
    ])
    const after = addOlder(window, page([4, 5, 6], null, null))
    expect(after.rows.map(row => row.generation.version)).toEqual([1, 7])
  })
})

describe('reconcileWindow', () => {
  const loaded = addUnsent(buildWindow(span(1, 5), { older: { cursor: 'before 1' } }), {
    ...buildNumbered(9),
    version: 0,
  })

  test('removes rows missing within the reach of the read, and retains earlier and unsent ones', () => {
    const after = reconcileWindow(loaded, page([3, 5, 6], 'before 3', null), loaded)
    expect([listNumbers(after), after.older, after.newer]).toEqual([[1, 2, 3, 5, 6, 9], { cursor: 'before 1' }, 'end'])
  })

  test('removes a missing newest row, unless it arrived during the read', () => {
    expect(listNumbers(reconcileWindow(loaded, page([3, 4], 'before 3', null), loaded))).toEqual([1, 2, 3, 4, 9])
    const meanwhile = merge(loaded, [buildNumbered(6)])
    expect(listNumbers(reconcileWindow(meanwhile, page(span(3, 5), 'before 3', null), loaded))).toEqual([
      ...span(1, 6),
      9,
    ])
  })

  test('leaves a window that no longer reaches the newest where it was', () => {
    const after = reconcileWindow(loaded, page(span(2, 7), 'before 2', 'after 7'), loaded)
    expect([listNumbers(after), after.newer]).toEqual([span(1, 7), { cursor: 'after 7' }])
  })

  test('drops earlier rows that a gap separates from the read', () => {
    const after = reconcileWindow(loaded, page([7, 8], 'before 7', null), loaded)
    expect([listNumbers(after), after.older]).toEqual([[7, 8, 9], { cursor: 'before 7' }])
    expect(overlaps(loaded, [buildNumbered(7)])).toBe(false)
  })

  test('retains nothing else when the read reaches the oldest', () => {
    const after = reconcileWindow(loaded, page([4], null, null), loaded)
    expect([listNumbers(after), after.older]).toEqual([[4, 9], 'end'])
  })

  test('never replaces a newer version by an older one', () => {
    const newer = merge(loaded, [buildNumbered(4, { version: 7 })])
    const after = reconcileWindow(newer, page(span(1, 5), null, null), loaded)
    expect(after.byKey.get(buildNumbered(4).clientId)?.generation.version).toBe(7)
  })
})

describe('trimWindow', () => {
  const limits = { maxRows: 40, slack: 10 }

  test('limits the window without gaps, and retains the row being read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 90 }), fc.nat(89), (count, position) => {
        const reader = buildNumbered(1 + (position % count)).clientId
        const window = trimWindow(buildWindow(span(1, count)), reader, limits)
        const [first = 0] = listNumbers(window)
        expect(window.rows.length).toBe(count > limits.maxRows ? limits.maxRows - limits.slack : count)
        expect(listNumbers(window)).toEqual(span(first, first + window.rows.length - 1))
        if (count <= 2 * (limits.maxRows - limits.slack)) expect(window.byKey.has(reader)).toBe(true)
        expect(window.older).toBe(first > 1 ? 'cut' : 'end')
        expect(window.newer).toBe(listNumbers(window).at(-1) === count ? 'end' : 'cut')
      }),
    )
  })
})

import { expect, test } from 'bun:test'
import { numbered, windowOf } from '../store/generation.fixture.ts'
import type { Generations } from '../store/generation-window.ts'
import { addSent, merge, withdraw } from '../store/merge.ts'
import { seenOf, unseenOf } from './unseen-count.ts'

const NOTHING = new Set<string>()

function unseen(
  known: Generations,
  seen = seenOf(windowOf([1, 2, 3])),
  waiting: ReadonlySet<string> = NOTHING,
): number[] {
  return [...unseenOf(waiting, known, seen)].map(key => Number(key.slice(-6)))
}

test('new is what came after all that was seen; older pages are not new', () => {
  expect(unseen(windowOf([1, 2, 3, 4, 5]))).toEqual([4, 5])
  expect(unseen(windowOf([0, 1, 2, 3]))).toEqual([])
})

test('what is beyond the window counts too, and what was counted stays so when the window moves away from it', () => {
  const away = merge(windowOf([1, 2], { newer: 'cut' }), [numbered(7)])
  expect(unseen(away)).toEqual([7])
  const counted = new Set([numbered(5).clientId])
  expect(unseen(away, undefined, counted)).toEqual([5, 7])
  const deleted = merge(away, [numbered(7, { version: 4, deletedAt: '2026-11-22T12:00:00Z' })])
  expect(unseen(deleted, undefined, new Set([numbered(7).clientId]))).toEqual([])
})

test('what this page sends is new while it is not in view, and not once it was seen, whatever place it gets', () => {
  const before = windowOf([1, 2, 3])
  const sent = addSent(before, { ...numbered(9), version: 0 })
  expect(unseen(sent, seenOf(before))).toEqual([9])
  const seen = seenOf(sent)
  expect(unseen(merge(sent, [numbered(9)]), seen)).toEqual([])
  const waiting = unseenOf(NOTHING, sent, seenOf(before))
  expect(unseen(withdraw(sent, numbered(9).clientId), seenOf(before), waiting)).toEqual([])
})

import { expect, test } from 'bun:test'
import { buildNumbered, buildWindow } from '../../store/generation.fixture.ts'
import type { GenerationWindow } from '../../store/generation-window.ts'
import { addUnsent, merge, removeUnsent } from '../../store/merge.ts'
import { findUnseen, toSeenState } from './unseen-count.ts'

const NONE = new Set<string>()

function unseen(
  current: GenerationWindow,
  seen = toSeenState(buildWindow([1, 2, 3])),
  unseenBefore: ReadonlySet<string> = NONE,
): number[] {
  return [...findUnseen(unseenBefore, current, seen)].map(key => Number(key.slice(-6)))
}

test('counts generations newer than all that were seen, and none of older pages', () => {
  expect(unseen(buildWindow([1, 2, 3, 4, 5]))).toEqual([4, 5])
  expect(unseen(buildWindow([0, 1, 2, 3]))).toEqual([])
})

test('counts generations beyond the window, and retains those counted when the window moves away', () => {
  const away = merge(buildWindow([1, 2], { newer: 'cut' }), [buildNumbered(7)])
  expect(unseen(away)).toEqual([7])
  const counted = new Set([buildNumbered(5).clientId])
  expect(unseen(away, undefined, counted)).toEqual([5, 7])
  const deleted = merge(away, [buildNumbered(7, { version: 4, deletedAt: '2026-11-22T12:00:00Z' })])
  expect(unseen(deleted, undefined, new Set([buildNumbered(7).clientId]))).toEqual([])
})

test('counts an unsent submission out of view, and not once it was seen, whatever sort key it gets', () => {
  const before = buildWindow([1, 2, 3])
  const sent = addUnsent(before, { ...buildNumbered(9), version: 0 })
  expect(unseen(sent, toSeenState(before))).toEqual([9])
  const seen = toSeenState(sent)
  expect(unseen(merge(sent, [buildNumbered(9)]), seen)).toEqual([])
  const waiting = findUnseen(NONE, sent, toSeenState(before))
  expect(unseen(removeUnsent(sent, buildNumbered(9).clientId), toSeenState(before), waiting)).toEqual([])
})

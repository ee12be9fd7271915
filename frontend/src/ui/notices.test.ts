import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createNotices, formatNotice } from './notices.ts'

beforeAll(() => {
  // Bun's own timers: there is no window here.
  Object.assign(globalThis, { window: globalThis })
})
afterAll(() => void Reflect.deleteProperty(globalThis, 'window'))

test('counts a message that comes again while it is shown, and starts anew with another', () => {
  const { notice, notify } = createNotices()
  const show = (message: string) => {
    notify(message)
    return formatNotice(notice())
  }
  expect(show('That could not be read.')).toBe('That could not be read.')
  expect(show('That could not be read.')).toBe('That could not be read. (2 times)')
  expect(show('That could not be read.')).toBe('That could not be read. (3 times)')
  expect(show('Copied.')).toBe('Copied.')
  expect(show('That could not be read.')).toBe('That could not be read.')
})

test('does not merge notices with actions: each reverts something of its own', () => {
  const { notice, notify, runAction } = createNotices()
  const reverted: number[] = []
  for (const id of [1, 2]) notify('Deleted.', { label: 'Undo', run: () => reverted.push(id) })
  expect(formatNotice(notice())).toBe('Deleted.')
  runAction()
  expect(reverted).toEqual([2])
  expect(notice().message).toBe('')
})

test('reverts one after the other, the last first, and none of them twice', () => {
  const { notify, runAction, revertLast } = createNotices()
  const reverted: number[] = []
  for (const id of [1, 2, 3]) notify('Deleted.', { label: 'Undo', run: () => reverted.push(id) })
  runAction()
  expect([revertLast(), revertLast(), revertLast()]).toEqual([true, true, false])
  expect(reverted).toEqual([3, 2, 1])
})

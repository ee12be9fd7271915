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

test('reverts a change that has not ended once it has, and not the one before it', async () => {
  const { notice, revertLast, start, reverted } = createRevertibleNotices()
  const [slow, fast] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const changes = [start(1, Promise.resolve()), start(2, slow.promise), start(3, fast.promise)]
  await changes[0]
  expect([revertLast(), revertLast(), reverted]).toEqual([true, true, []])
  fast.resolve()
  await changes[2]
  expect(reverted).toEqual([3])
  slow.resolve()
  await changes[1]
  expect([reverted, notice().message]).toEqual([[3, 2], 'Deleted 1.'])
  expect([revertLast(), revertLast(), reverted]).toEqual([true, false, [3, 2, 1]])
})

test('changes are reverted in the order in which they were begun, and one that failed is not', async () => {
  const { revertLast, start, reverted } = createRevertibleNotices()
  const first = Promise.withResolvers<void>()
  const slow = start(1, first.promise)
  await start(2, Promise.resolve())
  first.resolve()
  await slow
  expect(await start(3, Promise.reject(new Error('refused'))).catch(error => error.message)).toBe('refused')
  expect([revertLast(), revertLast(), revertLast(), reverted]).toEqual([true, true, false, [2, 1]])
})

/** Creates notices, with changes that are numbered and end with a promise, and the numbers of those that were reverted. */
function createRevertibleNotices() {
  const notices = createNotices()
  const reverted: number[] = []
  const start = (id: number, end: Promise<void>) =>
    notices.runRevertible(async () => {
      await end
      return { message: `Deleted ${id}.`, action: { label: 'Undo', run: () => void reverted.push(id) } }
    })
  return { ...notices, start, reverted }
}

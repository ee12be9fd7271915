import { expect, test } from 'bun:test'
import { getEventListeners } from 'node:events'
import { DeadlineError, sleep, withDeadline } from './timers.ts'

const never = new Promise<never>(() => {})
const soon = { milliseconds: 5, operation: 'the work' }
const late = { milliseconds: 60_000, operation: 'the work' }

test('passes on the result or the error of work that is done in time', async () => {
  expect(await withDeadline(Promise.resolve(1), late)).toBe(1)
  await expect(withDeadline(Promise.reject(new TypeError('no')), late)).rejects.toThrow(TypeError)
})

test('throws an error that names the operation when the time is up', async () => {
  await expect(withDeadline(never, soon)).rejects.toThrow(new DeadlineError('the work took longer than 5 ms'))
})

test('throws the reason of the signal as soon as it is aborted', async () => {
  const controller = new AbortController()
  const waiting = withDeadline(never, { ...late, signal: controller.signal })
  const reason = new Error('stopping')
  controller.abort(reason)
  await expect(waiting).rejects.toBe(reason)
})

test('waits for nothing when the signal is aborted already', async () => {
  const signal = AbortSignal.abort(new Error('stopping'))
  await expect(withDeadline(never, { ...late, signal })).rejects.toThrow('stopping')
  await expect(withDeadline(Promise.resolve(1), { ...late, signal })).rejects.toThrow('stopping')
})

test('a failure after the wait has ended is no unhandled rejection', async () => {
  const unhandled: unknown[] = []
  const onRejection = (error: unknown) => unhandled.push(error)
  process.on('unhandledRejection', onRejection)
  const work = Array.from({ length: 3 }, () => Promise.withResolvers<never>())
  const [given, timed, aborted] = work.map(({ promise }) => promise) as [Promise<never>, Promise<never>, Promise<never>]
  const controller = new AbortController()
  const waits = [
    withDeadline(given, { ...late, signal: AbortSignal.abort() }),
    withDeadline(timed, soon),
    withDeadline(aborted, { ...late, signal: controller.signal }),
  ]
  controller.abort()
  await Promise.allSettled(waits)
  for (const { reject } of work) reject(new Error('too late'))
  await Bun.sleep(0)
  process.off('unhandledRejection', onRejection)
  expect(unhandled).toEqual([])
})

test('leaves no listener on a signal that outlives the wait', async () => {
  const { signal } = new AbortController()
  await Promise.allSettled([
    withDeadline(Promise.resolve(1), { ...late, signal }),
    withDeadline(Promise.reject(new Error('no')), { ...late, signal }),
    withDeadline(never, { ...soon, signal }),
    sleep(1, signal),
  ])
  expect(getEventListeners(signal, 'abort')).toEqual([])
})

test('listens to the signal while it waits', async () => {
  const controller = new AbortController()
  const waits = [withDeadline(never, { ...late, signal: controller.signal }), sleep(60_000, controller.signal)]
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(2)
  controller.abort()
  await Promise.allSettled(waits)
  expect(getEventListeners(controller.signal, 'abort')).toEqual([])
})

test('a sleep ends when its time is up, on an abort, or at once after one, and never throws', async () => {
  const controller = new AbortController()
  const sleeping = sleep(60_000, controller.signal)
  controller.abort(new Error('stopping'))
  expect(await sleeping).toBeUndefined()
  expect(await sleep(60_000, controller.signal)).toBeUndefined()
  expect(await sleep(1, new AbortController().signal)).toBeUndefined()
})

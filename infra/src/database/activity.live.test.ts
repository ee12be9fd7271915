import { afterAll, beforeAll, expect, test } from 'bun:test'
import { startProxy } from '../../testing/net-proxy.ts'
import { createTestDatabase } from '../../testing/test-resources.ts'
import { waitFor } from '../../testing/wait-for.ts'
import { createLog } from '../log.ts'
import { type Activity, type ActivityOptions, followActivity } from './activity.ts'
import { type Database, openDatabase } from './connection.ts'

const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
let sql: Database
let url: string

beforeAll(async () => {
  url = stack.use(await createTestDatabase()).url
  sql = openDatabase({ url, name: 'test', log })
  stack.defer(() => sql.end({ timeout: 1 }))
})
afterAll(() => stack.disposeAsync())

test('is quiet some time after the last notification, and a notification ends every wait at once', async () => {
  await using followed = follow({ quietAfterMs: 50 })
  const { activity, notified, signal } = followed
  expect(activity.isQuiet()).toBe(false)
  await untilQuiet(activity)
  const waits = [activity.wait(1, signal), activity.wait(1, signal)]
  const before = notified()
  await sql`select pg_notify('outbox', '')`
  await Promise.all(waits)
  expect(notified()).toBe(before + 1)
  await untilQuiet(activity)
})

test('reports once that the studio has become quiet, and again after the next notification', async () => {
  let reports = 0
  await using followed = follow({ quietAfterMs: 50, onQuiet: () => reports++ })
  const { activity, notified, signal } = followed
  const waitOnce = async () => await activity.wait(1, AbortSignal.any([signal, AbortSignal.timeout(20)]))
  await waitOnce()
  expect(reports).toBe(0)
  await untilQuiet(activity)
  for (const expected of [1, 2]) {
    await waitOnce()
    await waitOnce()
    expect(reports).toBe(expected)
    const before = notified()
    await sql`select pg_notify('outbox', '')`
    await waitFor('the notification', 60_000, async () => notified() > before)
    await untilQuiet(activity)
  }
})

test('an aborted wait ends', async () => {
  await using followed = follow({ quietAfterMs: 0 })
  await untilQuiet(followed.activity)
  const controller = new AbortController()
  const wait = followed.activity.wait(1, controller.signal)
  controller.abort()
  await wait
})

test('a wait in an active studio is as long as it was asked to be', async () => {
  await using followed = follow({ quietAfterMs: 600_000 })
  await followed.activity.wait(1, followed.signal)
  expect(followed.activity.isQuiet()).toBe(false)
})

test('a connection that was terminated ends every wait, and listens again', async () => {
  await using followed = follow({ quietAfterMs: 50 })
  const { activity, notified, signal } = followed
  await untilQuiet(activity)
  const wait = activity.wait(1, signal)
  const before = notified()
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where query ilike 'listen%' and datname = current_database()`
  await wait
  await waitFor('The notification that some may be lost', 60_000, async () => notified() > before)
  await untilQuiet(activity)
})

test('a connection that was cut in silence is noticed', async () => {
  await using proxy = await startProxy(Number(new URL(url).port))
  await using followed = follow({ quietAfterMs: 0, checkMs: 50, url: proxy.urlThrough(url) })
  const { activity, signal } = followed
  await untilQuiet(activity)
  proxy.setFault({ kind: 'black-hole' })
  await activity.wait(1, signal)
  expect(activity.isQuiet()).toBe(false)
  proxy.setFault({ kind: 'none' })
  await untilQuiet(activity)
})

test('a studio whose notifications do not arrive is never quiet', async () => {
  // Notifications stay in their database.
  await using other = await createTestDatabase()
  const failed = Promise.withResolvers<object>()
  const noted = { warn: (fields: object) => failed.resolve(fields), error() {} } as never
  await using followed = follow({ quietAfterMs: 0, url: other.url, log: noted })
  const { err } = (await failed.promise) as { err: Error }
  expect(err.message).toContain('took longer than')
  expect(followed.activity.isQuiet()).toBe(false)
})

test('work that was not notified ends the quiet', async () => {
  await using followed = follow({ quietAfterMs: 0 })
  await untilQuiet(followed.activity)
  followed.activity.reportMissed()
  expect(followed.activity.isQuiet()).toBe(false)
})

async function untilQuiet(activity: Activity): Promise<void> {
  await waitFor('The quiet', 60_000, async () => activity.isQuiet(), 5)
}

function follow(options: Partial<ActivityOptions>) {
  const controller = new AbortController()
  const { signal } = controller
  const activity = followActivity({ database: sql, url, name: 'test-activity', log, signal, ...options })
  let count = 0
  activity.subscribe(() => {
    count += 1
  })
  return {
    activity,
    signal,
    notified: () => count,
    [Symbol.asyncDispose]: async () => {
      controller.abort()
      await activity.closed
    },
  }
}

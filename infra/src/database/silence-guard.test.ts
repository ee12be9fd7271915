import { expect, test } from 'bun:test'
import { waitFor } from '../../testing/wait-for.ts'
import { createLog } from '../log.ts'
import { isTransientDbError } from './errors.ts'
import { createSilenceGuard, DatabaseSilentError } from './silence-guard.ts'

const never = new Promise<never>(() => {})
const log = createLog({ service: 'test', level: 'silent' })

/** Creates a guard that is quick, and counts what it does. */
function createGuard(ping: () => Promise<unknown>, hasReceived = () => false) {
  const counts = { pings: 0, closes: 0 }
  const stopping = new AbortController()
  const { guard } = createSilenceGuard({
    url: 'postgres://unused',
    connections: { hasReceivedSince: hasReceived, closeSilent: () => void counts.closes++ },
    log,
    signal: stopping.signal,
    slowMs: 10,
    signMs: 20,
    ping: () => {
      counts.pings += 1
      return ping()
    },
  })
  return { guard, counts, [Symbol.dispose]: () => stopping.abort() }
}

const CONNECT_TIMEOUT = Object.assign(new Error('no answer'), { code: 'CONNECT_TIMEOUT' })

test.each([
  ['never answers', () => never],
  ['cannot be connected to', () => Promise.reject(CONNECT_TIMEOUT)],
] as const)('work for a database that %s ends with an error that is transient', async (_, ping) => {
  using guarded = createGuard(ping)
  const error = await guarded.guard(never).catch(error => error)
  expect(error).toBeInstanceOf(DatabaseSilentError)
  expect(isTransientDbError(error)).toBe(true)
})

test.each([
  ['answers', () => Promise.resolve(), false],
  ['refuses', () => Promise.reject(new Error('ECONNREFUSED')), false],
  ['answers others', () => never, true],
] as const)('slow work for a database that %s is waited for', async (_, ping, isReceived) => {
  using guarded = createGuard(ping, () => isReceived)
  const work = Promise.withResolvers<string>()
  const answer = guarded.guard(work.promise)
  await waitFor('a few questions', 60_000, async () => guarded.counts.pings >= 3)
  work.resolve('done')
  expect(await answer).toBe('done')
  expect(guarded.counts.closes).toBe(0)
})

test('quick work asks nothing, and its error is its own', async () => {
  using guarded = createGuard(() => never)
  expect(await guarded.guard(Promise.resolve(1))).toBe(1)
  const own = new Error('own')
  expect(await guarded.guard(Promise.reject(own)).catch(error => error)).toBe(own)
  expect(guarded.counts.pings).toBe(0)
})

test('much work that waits asks once at a time, and work that fails after the end of its wait harms nothing', async () => {
  using guarded = createGuard(() => never)
  const works = Array.from({ length: 100 }, () => Promise.withResolvers<never>())
  const names = await Promise.all(works.map(({ promise }) => guarded.guard(promise).catch(({ name }) => name)))
  expect(new Set(names)).toEqual(new Set(['DatabaseSilentError']))
  expect(guarded.counts.pings).toBeLessThan(5)
  for (const { reject } of works) reject(new Error('late'))
})

test('silent connections are closed until the database answers, and not any more afterwards', async () => {
  let isSilent = true
  using guarded = createGuard(() => (isSilent ? never : Promise.resolve()))
  await guarded.guard(never).catch(() => {})
  await waitFor('several rounds', 60_000, async () => guarded.counts.closes >= 4)
  isSilent = false
  await waitFor('the end of the watch', 60_000, async () => {
    const before = guarded.counts.closes
    await Bun.sleep(50)
    return guarded.counts.closes === before
  })
  const { closes } = guarded.counts
  expect(await guarded.guard(Promise.resolve('works'))).toBe('works')
  expect(guarded.counts.closes).toBe(closes)
})

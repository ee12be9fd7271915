import { expect, test } from 'bun:test'
import { SECRET, serveTestApp } from '../app.fixture.ts'
import { createEngineReader } from './engines.ts'

test('health is ok while every check fails', async () => {
  await using studio = serveTestApp({ checks: { database: () => Promise.reject(new Error(SECRET)) } })
  const response = await studio.fetch('/healthz', { headers: { host: 'localhost' } })
  expect([response.status, await response.text()]).toEqual([200, 'ok\n'])
})

test('readiness runs every check, and names the failing one without its error', async () => {
  await using studio = serveTestApp({
    checks: { store: async () => {}, database: () => Promise.reject(new Error(SECRET)) },
  })
  const response = await studio.fetch('/readyz')
  expect([response.status, await response.json()]).toEqual([
    503,
    { ready: false, checks: { store: 'ok', database: 'failing' } },
  ])
})

test('is ready when all checks pass, until the service begins to stop', async () => {
  const stopping = new AbortController()
  await using studio = serveTestApp({ checks: { store: async () => {} }, stopping: stopping.signal })
  expect(await (await studio.fetch('/readyz')).json()).toEqual({ ready: true, checks: { store: 'ok' } })
  stopping.abort()
  const response = await studio.fetch('/readyz')
  expect([response.status, await response.json()]).toEqual([
    503,
    { ready: false, stopping: true, checks: { store: 'ok' } },
  ])
})

test('readiness says what a service that stops waits for, and not before', async () => {
  const stopping = new AbortController()
  const stopDetails = () => ({ calls: [{ provider: 'Fake', model: 'fake-image', remainingSeconds: 9 }] })
  await using studio = serveTestApp({ stopping: stopping.signal, stopDetails })
  expect(await (await studio.fetch('/readyz')).json()).toEqual({ ready: true, checks: {} })
  stopping.abort()
  const response = await studio.fetch('/readyz')
  expect(await response.json()).toEqual({ ready: false, stopping: true, checks: {}, ...stopDetails() })
})

test('an engine that is away changes nothing about readiness, and is told there and as a metric', async () => {
  const away = () => Promise.reject(new Error(SECRET))
  await using studio = serveTestApp({
    checks: { database: async () => {} },
    engines: createEngineReader({ store: away, bus: async () => {}, other: () => new Promise(() => {}) }),
  })
  const response = await studio.fetch('/readyz')
  expect([response.status, await response.json()]).toEqual([
    200,
    { ready: true, checks: { database: 'ok' }, engines: { store: 'failing', bus: 'ok', other: 'failing' } },
  ])
  const text = await (await studio.fetch('/metrics')).text()
  const values = [...text.matchAll(/^engine_up\{.*engine="(\w+)".*\} (\d)$/gm)].map(
    ([, name, value]) => `${name} ${value}`,
  )
  expect(values.sort()).toEqual(['bus 1', 'database 1', 'other 0', 'store 0'])
})

test('an engine is checked once for reads at the same time, and again after a while, sooner when it was away', async () => {
  let [time, calls, isAway] = [0, 0, false]
  const check = async () => {
    calls += 1
    if (isAway) throw new Error(SECRET)
  }
  const reader = createEngineReader({ store: check }, { now: () => time })
  await Promise.all([reader.read(), reader.read()])
  time = 4_000
  isAway = true
  expect([await reader.read(), calls]).toEqual([{ store: 'ok' }, 1])
  time = 6_000
  expect([await reader.read(), calls]).toEqual([{ store: 'failing' }, 2])
  time = 7_500
  isAway = false
  expect([await reader.read(), calls]).toEqual([{ store: 'ok' }, 3])
})

test('a check that never settles fails, and its signal is aborted', async () => {
  const aborted = Promise.withResolvers<void>()
  const hang = (signal: AbortSignal) =>
    new Promise<void>(() => signal.addEventListener('abort', () => aborted.resolve()))
  await using studio = serveTestApp({ checks: { bus: hang } })
  const response = await studio.fetch('/readyz')
  expect([response.status, await response.json()]).toEqual([503, { ready: false, checks: { bus: 'failing' } }])
  await aborted.promise
})

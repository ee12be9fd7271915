import { expect, test } from 'bun:test'
import { SECRET, serveTestApp } from './app.fixture.ts'

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

test('a check that never settles fails, and its signal is aborted', async () => {
  const aborted = Promise.withResolvers<void>()
  const hang = (signal: AbortSignal) =>
    new Promise<void>(() => signal.addEventListener('abort', () => aborted.resolve()))
  await using studio = serveTestApp({ checks: { bus: hang } })
  const response = await studio.fetch('/readyz')
  expect([response.status, await response.json()]).toEqual([503, { ready: false, checks: { bus: 'failing' } }])
  await aborted.promise
})

import { afterEach, expect, test } from 'bun:test'
import { join } from 'node:path'
import { parseAddress } from './address.ts'
import { createApi } from './create-api.ts'
import { fetchLocation } from './store/feed-location.ts'
import { FIRST_PAGE_SIZE } from './store/window-moves.ts'
import { createClock } from './ui/clock.ts'

const ORIGIN = 'http://localhost'
const ID = '01a21b1e-d54d-77b6-b065-eed33cd94695'
const EARLY_SCRIPT = await Bun.file(join(import.meta.dir, 'early-requests.js')).text()
const { fetch: originalFetch } = globalThis

afterEach(() => {
  globalThis.fetch = originalFetch
  Reflect.deleteProperty(globalThis, 'window')
})

test.each(['', `#g=${ID}`])('the first rows of the address %p are requested once, before the page does', async hash => {
  const requests = countRequests()
  runEarlyScript(hash)
  expect(requests.size).toBe(hash === '' ? 2 : 3)
  const api = createApi({ origin: ORIGIN, clock: createClock() })
  const { location } = parseAddress({ hash, state: null })
  await fetchLocation(api.fetchPage, location, FIRST_PAGE_SIZE)
  await api.fetchModels()
  expect([...requests.values()]).toEqual([...requests.keys()].map(() => 1))
  await api.fetchModels()
  expect(requests.get('/api/models')).toBe(2)
})

test.each(['#trash', '#search?q=a', '#settings'])('nothing is requested early for the address %p', hash => {
  const requests = countRequests()
  runEarlyScript(hash)
  expect(requests.size).toBe(0)
})

test('an early request that failed is made again', async () => {
  let isOffline = true
  const requests = countRequests(() => {
    if (isOffline) throw new TypeError('offline')
  })
  runEarlyScript('')
  isOffline = false
  const page = await createApi({ origin: ORIGIN, clock: createClock() }).fetchPage({ limit: FIRST_PAGE_SIZE })
  expect([page.generations, requests.get('/api/generations?limit=50')]).toEqual([[], 2])
})

/** Replaces `fetch` by one that answers an empty page to everything. @returns the number of requests by path */
function countRequests(onRequest: () => void = () => undefined): Map<string, number> {
  const requests = new Map<string, number>()
  const respond = async (input: string | URL | Request) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : input, ORIGIN)
    requests.set(pathname + search, (requests.get(pathname + search) ?? 0) + 1)
    onRequest()
    return Response.json({ generations: [], nextCursor: null, previousCursor: null })
  }
  globalThis.fetch = respond as typeof fetch
  return requests
}

function runEarlyScript(hash: string): void {
  const window = {}
  Object.assign(globalThis, { window })
  new Function('window', 'location', 'fetch', EARLY_SCRIPT)(window, { hash }, globalThis.fetch)
}

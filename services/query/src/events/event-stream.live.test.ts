import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Generation } from '@darkroom/contracts/generation'
import { AUDIENCE_SUBJECTS, audienceSubject, livePreviewSubject } from '@darkroom/contracts/subjects'
import { relayAll } from '@darkroom/infra/database/outbox'
import { bumpVersion } from '@darkroom/infra/generations/generations'
import { openEventStream, type SseEvent } from '@darkroom/infra/testing/sse-reader'
import { waitFor } from '@darkroom/infra/testing/wait-for'
import { openTestQuery, type TestQuery } from '../app.fixture.ts'
import { insertRow } from '../rows.fixture.ts'

const stack = new AsyncDisposableStack()
const ALICE = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
const BOB = { userId: crypto.randomUUID(), workspaceId: crypto.randomUUID(), admin: false }
const WAIT_MS = 60_000
let query: TestQuery

beforeAll(async () => {
  const identify = async (request: Request) => (request.headers.get('x-test') === 'bob' ? BOB : ALICE)
  query = stack.use(await openTestQuery({ identify, maxStreams: 4 }))
})
afterAll(() => stack.disposeAsync())

test('sends changes to clients of the workspace, and replays them after a reconnect', async () => {
  const id = await insertRow(query.sql, ALICE.workspaceId)
  const client = await openEvents()
  const otherClient = await openEvents({ 'x-test': 'bob' })
  await client.until(event => event.id !== undefined)
  await changeGeneration(id)
  const seen = await client.until(event => event.name === 'generation')
  expect(Generation.parse(JSON.parse(seen.data)).id).toBe(id)
  client.close()
  await changeGeneration(id)
  await changeGeneration(id)
  const back = await openEvents({ 'last-event-id': seen.id ?? '' })
  const caughtUp = await back.until(event => event.name === 'generation')
  expect(Generation.parse(JSON.parse(caughtUp.data)).version).toBe(4)
  const lost = await openEvents({ 'last-event-id': '99.1' })
  expect((await lost.until(event => event.name !== undefined)).name).toBe('resync')
  expect(otherClient.seen.filter(event => event.name === 'generation')).toEqual([])
  for (const open of [otherClient, back, lost]) open.close()
})

test('replays after the id of the address too, and after that of the header where there are both', async () => {
  const id = await insertRow(query.sql, ALICE.workspaceId)
  const client = await openEvents()
  const ids: string[] = []
  for (const version of [2, 3]) {
    await changeGeneration(id)
    const seen = await client.until(
      event => event.name === 'generation' && Generation.parse(JSON.parse(event.data)).version === version,
    )
    ids.push(seen.id ?? '')
  }
  const [second = '', third = ''] = ids
  const back = await openEvents({}, `?lastEventId=${second}`)
  expect((await back.until(event => event.name !== undefined)).id).toBe(third)
  const current = await openEvents({ 'last-event-id': third }, `?lastEventId=${second}`)
  const lost = await openEvents({}, '?lastEventId=garbage')
  expect((await lost.until(event => event.name !== undefined)).name).toBe('resync')
  await changeGeneration(id)
  const next = await current.until(event => event.name !== undefined)
  expect([next.name, next.id === third]).toEqual(['generation', false])
  expect((await query.get(`/api/events?lastEventId=${second}&lastEventId=${third}`)).status).toBe(422)
  for (const open of [client, back, current, lost]) open.close()
})

test('sends events while the bus is away, and resumes after its restart without a resync', async () => {
  const id = await insertRow(query.sql, ALICE.workspaceId)
  const client = await openEvents()
  await client.until(event => event.id !== undefined)
  await query.nats.kill()
  await bumpVersion(query.sql, { ...ALICE, id })
  const late = await client.until(event => event.name === 'generation')
  expect([late.id, Generation.parse(JSON.parse(late.data)).version]).toEqual([undefined, 2])
  const { length } = client.seen
  await query.nats.start()
  await waitFor('The connection to the bus', WAIT_MS, async () => query.bus.isConnected())
  await relayAll({ database: query.sql, bus: query.bus })
  const delivered = await client.until(event => event.id !== undefined && client.seen.indexOf(event) >= length)
  expect([delivered.name, client.seen.filter(event => event.name !== undefined)]).toEqual([undefined, [late]])
  const preview = { id, index: 0, sequence: 1, image: 'UklGRg==' }
  await query.bus.publishTransient(livePreviewSubject(ALICE.workspaceId), preview)
  await client.until(event => event.name === 'preview')
  client.close()
})

test('limits the open streams of a workspace', async () => {
  const clients = await Promise.all(Array.from({ length: 4 }, () => openEvents()))
  for (const client of clients) await client.until(event => event.id !== undefined)
  expect((await query.get('/api/events')).status).toBe(429)
  for (const client of clients) client.close()
})

test('forwards the previews of a workspace to its own clients alone, without a position, and replays none', async () => {
  const [client, otherClient] = [await openEvents(), await openEvents({ 'x-test': 'bob' })]
  const position = await client.until(event => event.id !== undefined)
  await otherClient.until(event => event.id !== undefined)
  const preview = { id: crypto.randomUUID(), index: 2, sequence: 5, image: 'UklGRg==' }
  // What is none is not forwarded, whatever publishes it.
  for (const data of [{ ...preview, image: '"><script>' }, { ...preview, index: 99 }, 'x', undefined])
    await query.bus.publishTransient(livePreviewSubject(ALICE.workspaceId), data)
  await query.bus.publishTransient(livePreviewSubject(ALICE.workspaceId), preview)
  const seen = await client.until(event => event.name === 'preview')
  expect([JSON.parse(seen.data), seen.id]).toEqual([preview, undefined])
  const back = await openEvents({ 'last-event-id': position.id ?? '' })
  await query.bus.publishTransient(livePreviewSubject(BOB.workspaceId), { ...preview, index: 3 })
  const other = await otherClient.until(event => event.name === 'preview')
  expect(JSON.parse(other.data).index).toBe(3)
  expect(otherClient.seen.filter(event => event.name === 'preview')).toHaveLength(1)
  expect(client.seen.filter(event => event.name === 'preview')).toHaveLength(1)
  expect(back.seen.filter(event => event.name === 'preview' || event.name === 'resync')).toEqual([])
  for (const open of [client, otherClient, back]) open.close()
})

test('tells at once that somebody watches, and of no workspace that nobody does', async () => {
  const ended = new AbortController()
  const subjects: string[] = []
  await query.bus.subscribeTransient(AUDIENCE_SUBJECTS, ({ subject }) => subjects.push(subject), ended.signal)
  const client = await openEvents({ 'x-test': 'bob' })
  await waitFor('a heartbeat', WAIT_MS, async () => subjects.length > 0)
  expect(new Set(subjects)).toEqual(new Set([audienceSubject(BOB.workspaceId)]))
  ended.abort()
  client.close()
})

async function openEvents(headers: Record<string, string> = {}, search = '') {
  const seen: SseEvent[] = []
  const onEvent = (event: SseEvent) => void seen.push(event)
  const { close } = await openEventStream({
    ...{ port: query.port, search, onEvent },
    headers: { host: 'localhost', ...headers },
  })
  const until = (matches: (event: SseEvent) => boolean) => waitFor('An event', WAIT_MS, async () => seen.find(matches))
  return { seen, until, close }
}

async function changeGeneration(id: string): Promise<void> {
  await bumpVersion(query.sql, { ...ALICE, id })
  await relayAll({ database: query.sql, bus: query.bus })
}

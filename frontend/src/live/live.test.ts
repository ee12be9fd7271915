import { afterEach, beforeEach, expect, jest, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import { buildGeneration } from '../store/generation.fixture.ts'
import { type EventStream, type LiveStatus, subscribeLive } from './live.ts'
import type { ShownPreview } from './shown-preview.ts'

type Listener = (event: MessageEvent<string>) => void

class FakeStream implements EventStream {
  readyState = 0
  readonly listeners = new Map<string, Listener>()
  addEventListener(type: string, listener: Listener) {
    this.listeners.set(type, listener)
  }
  close() {
    this.readyState = 2
  }
  emit(type: string, data = '', lastEventId = '') {
    this.listeners.get(type)?.(new MessageEvent(type, { data, lastEventId }))
  }
  fail(readyState: number) {
    this.readyState = readyState
    this.emit('error')
  }
}

let streams: FakeStream[]
/** The id after which each stream was opened. */
let openedAfter: (string | undefined)[]
let received: Generation[]
let removed: string[]
let previews: ShownPreview[]
let gaps: number
let statuses: LiveStatus[]
let connectionChanges: number
let modelChanges: number
let network: EventTarget
let isOnline: boolean
let unsubscribe: () => void

beforeEach(() => {
  jest.useFakeTimers()
  streams = []
  openedAfter = []
  received = []
  removed = []
  previews = []
  gaps = 0
  statuses = []
  connectionChanges = 0
  modelChanges = 0
  network = new EventTarget()
  isOnline = true
  unsubscribe = subscribeLive({
    open: lastEventId => {
      streams.push(new FakeStream())
      openedAfter.push(lastEventId)
      return latest()
    },
    onGeneration: generation => received.push(generation),
    onRemoved: id => removed.push(id),
    onGap: () => {
      gaps += 1
    },
    onStatus: status => statuses.push(status),
    onPreview: preview => previews.push(preview),
    onConnection: () => {
      connectionChanges += 1
    },
    onModels: () => {
      modelChanges += 1
    },
    network,
    isOnline: () => isOnline,
  })
})

afterEach(() => {
  unsubscribe()
  jest.useRealTimers()
})

function latest(): FakeStream {
  const stream = streams.at(-1)
  if (!stream) throw new Error('no stream was opened')
  return stream
}

test('passes generations on, and skips events that are none', () => {
  latest().emit('open')
  latest().emit('generation', '{"half')
  latest().emit('generation', '{}')
  latest().emit('generation', JSON.stringify(buildGeneration({ version: 4 })))
  expect(received.map(generation => generation.version)).toEqual([4])
  expect(statuses).toEqual(['connecting', 'live'])
})

test('passes on which generations are deleted permanently', () => {
  latest().emit('open')
  for (const data of ['{"half', '{}', '{"id":"one"}']) latest().emit('removed', data)
  expect([removed, received, gaps]).toEqual([['one'], [], 0])
})

test('passes changes of connections and models on, and skips unknown events', () => {
  latest().emit('open')
  latest().emit('connection', '{"id":"openai"}')
  latest().emit('models', '{}')
  latest().emit('something-new', '{}')
  expect([connectionChanges, modelChanges, received, gaps]).toEqual([1, 1, [], 0])
})

test('reports no gap when a stream reconnects by itself, since missed events are replayed', () => {
  latest().emit('open')
  latest().fail(0)
  expect(statuses.at(-1)).toBe('reconnecting')
  latest().emit('open')
  expect(statuses.at(-1)).toBe('live')
  expect({ gaps, streams: streams.length }).toEqual({ gaps: 0, streams: 1 })
})

test('replaces a stream that gave up, with growing pauses, and reports a gap at the first success', () => {
  latest().emit('open')
  for (const seconds of [1, 2, 4, 8, 15, 15]) {
    const { length } = streams
    latest().fail(2)
    jest.advanceTimersByTime(seconds * 1_000 - 1)
    expect(streams).toHaveLength(length)
    jest.advanceTimersByTime(1)
    expect(streams).toHaveLength(length + 1)
  }
  expect(gaps).toBe(0)
  latest().emit('open')
  expect(gaps).toBe(1)
  latest().fail(2)
  jest.advanceTimersByTime(1_000)
  expect(streams).toHaveLength(8)
})

test('a stream that replaces another one continues after the last event, without a gap', () => {
  latest().emit('open')
  latest().emit('models', '{}', '1.7')
  latest().emit('connection', '{}')
  latest().fail(2)
  jest.advanceTimersByTime(1_000)
  latest().emit('open')
  latest().emit('ping', '{}', '1.9')
  network.dispatchEvent(new Event('online'))
  latest().emit('open')
  expect([openedAfter, gaps]).toEqual([[undefined, '1.7', '1.9'], 0])
})

test('opens another stream after 30 s without a ping, also while it connects, and none while pings come', () => {
  latest().emit('open')
  for (let at = 0; at < 6; at++) {
    jest.advanceTimersByTime(15_000)
    latest().emit('ping', '{}', '1.7')
  }
  jest.advanceTimersByTime(29_999)
  expect(streams).toHaveLength(1)
  for (const [milliseconds, count] of [
    [1, 2],
    [30_000, 3],
  ] as const) {
    jest.advanceTimersByTime(milliseconds)
    expect(streams).toHaveLength(count)
    expect([streams.at(-2)?.readyState, openedAfter.at(-1), statuses.at(-1)]).toEqual([2, '1.7', 'reconnecting'])
  }
})

test('opens none for silence while offline, and goes on watching', () => {
  latest().emit('open')
  isOnline = false
  jest.advanceTimersByTime(90_000)
  expect(streams).toHaveLength(1)
  isOnline = true
  jest.advanceTimersByTime(30_000)
  expect(streams).toHaveLength(2)
})

test('leaves the stream of a page that was frozen: its timers come first, then what has arrived', () => {
  latest().emit('open')
  jest.advanceTimersByTime(28_000)
  latest().emit('ping', '{}')
  jest.advanceTimersByTime(29_000)
  expect(streams).toHaveLength(1)
})

test('reports a gap when the studio sends a resync', () => {
  latest().emit('open')
  latest().emit('resync', '{}')
  expect(gaps).toBe(1)
})

test('reports being offline, and opens another stream and reports a gap once the network is back', () => {
  latest().emit('open')
  isOnline = false
  network.dispatchEvent(new Event('offline'))
  expect(statuses.at(-1)).toBe('offline')
  isOnline = true
  network.dispatchEvent(new Event('online'))
  expect(streams).toHaveLength(2)
  latest().emit('open')
  expect(statuses.at(-1)).toBe('live')
  expect(gaps).toBe(1)
})

test('leaves no stream open after unsubscribing', () => {
  unsubscribe()
  expect(latest().readyState).toBe(2)
  network.dispatchEvent(new Event('online'))
  expect(streams).toHaveLength(1)
})

test('parses a preview into an image of its bytes, and ignores what is none', async () => {
  const image = btoa('RIFF and so on')
  streams[0]?.emit('preview', JSON.stringify({ id: 'g', index: 1, sequence: 3, image }))
  for (const data of ['', 'null', '{}', '{"id":"g","index":0,"sequence":1,"image":"%"}'])
    streams[0]?.emit('preview', data)
  expect(previews.map(({ id, index, sequence }) => [id, index, sequence])).toEqual([['g', 1, 3]])
  expect([previews[0]?.image.type, await previews[0]?.image.text()]).toEqual(['image/webp', 'RIFF and so on'])
})

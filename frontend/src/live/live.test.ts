import { beforeEach, expect, test } from 'bun:test'
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
  emit(type: string, data = '') {
    this.listeners.get(type)?.(new MessageEvent(type, { data }))
  }
  fail(readyState: number) {
    this.readyState = readyState
    this.emit('error')
  }
}

let streams: FakeStream[]
let timers: { callback: () => void; after: number }[]
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
  streams = []
  timers = []
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
    open: () => {
      streams.push(new FakeStream())
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
    setTimer: (callback, after) => timers.push({ callback, after }),
  })
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
  for (let failure = 0; failure < 6; failure += 1) {
    latest().fail(2)
    timers.at(-1)?.callback()
  }
  expect(timers.map(timer => timer.after)).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000])
  expect(gaps).toBe(0)
  latest().emit('open')
  expect(gaps).toBe(1)
  latest().fail(2)
  expect(timers.at(-1)?.after).toBe(1_000)
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

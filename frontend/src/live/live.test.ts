import { beforeEach, expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import { buildGeneration } from '../store/generation.fixture.ts'
import { type Connection, type EventStream, subscribeLive } from './live.ts'

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
  say(type: string, data = '') {
    this.listeners.get(type)?.(new MessageEvent(type, { data }))
  }
  fail(readyState: number) {
    this.readyState = readyState
    this.say('error')
  }
}

let streams: FakeStream[]
let timers: { callback: () => void; after: number }[]
let received: Generation[]
let gaps: number
let connections: Connection[]
let network: EventTarget
let isOnline: boolean
let unsubscribe: () => void

beforeEach(() => {
  streams = []
  timers = []
  received = []
  gaps = 0
  connections = []
  network = new EventTarget()
  isOnline = true
  unsubscribe = subscribeLive({
    open: () => {
      streams.push(new FakeStream())
      return latest()
    },
    onGeneration: generation => received.push(generation),
    onGap: () => {
      gaps += 1
    },
    onConnection: connection => connections.push(connection),
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

test('generations are handed on, and nothing else breaks it', () => {
  latest().say('open')
  latest().say('generation', '{"half')
  latest().say('generation', '{}')
  latest().say('generation', JSON.stringify(buildGeneration({ version: 4 })))
  expect(received.map(generation => generation.version)).toEqual([4])
  expect(connections).toEqual(['connecting', 'live'])
})

test('a stream that comes back by itself has replayed what was missed: there is no gap', () => {
  latest().say('open')
  latest().fail(0)
  expect(connections.at(-1)).toBe('reconnecting')
  latest().say('open')
  expect(connections.at(-1)).toBe('live')
  expect({ gaps, streams: streams.length }).toEqual({ gaps: 0, streams: 1 })
})

test('a stream that gave up is replaced, ever later, and the first success reports the gap', () => {
  latest().say('open')
  for (let failure = 0; failure < 6; failure += 1) {
    latest().fail(2)
    timers.at(-1)?.callback()
  }
  expect(timers.map(timer => timer.after)).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000])
  expect(gaps).toBe(0)
  latest().say('open')
  expect(gaps).toBe(1)
  latest().fail(2)
  expect(timers.at(-1)?.after).toBe(1_000)
})

test('the studio’s own word that too much was missed is a gap', () => {
  latest().say('open')
  latest().say('resync', '{}')
  expect(gaps).toBe(1)
})

test('without a network it says so; with one again it opens another stream and reads again', () => {
  latest().say('open')
  isOnline = false
  network.dispatchEvent(new Event('offline'))
  expect(connections.at(-1)).toBe('offline')
  isOnline = true
  network.dispatchEvent(new Event('online'))
  expect(streams).toHaveLength(2)
  latest().say('open')
  expect(connections.at(-1)).toBe('live')
  expect(gaps).toBe(1)
})

test('after it was ended nothing is open', () => {
  unsubscribe()
  expect(latest().readyState).toBe(2)
  network.dispatchEvent(new Event('online'))
  expect(streams).toHaveLength(1)
})

import { expect, test } from 'bun:test'
import { buildGeneration } from '../store/generation.fixture.ts'
import { type BroadcastMessage, createBroadcast, LEAVE_MESSAGE, type TabPort } from './broadcast.ts'
import type { LiveHandlers } from './live.ts'

function setUp() {
  const streams: LiveHandlers[] = []
  let ended = 0
  const join = createBroadcast(hearing => {
    streams.push(hearing)
    hearing.onConnection('connecting')
    return () => {
      ended += 1
    }
  })
  const tab = () => {
    const told: BroadcastMessage[] = []
    let hear: (event: MessageEvent) => void = () => {}
    const line: TabPort = {
      postMessage: message => told.push(message),
      addEventListener: (_, listener) => {
        hear = listener
      },
      start: () => {},
    }
    join(line)
    return { told, leave: () => hear(new MessageEvent('message', { data: LEAVE_MESSAGE })) }
  }
  return { streams, tab, ended: () => ended }
}

test('all tabs hear the same one stream', () => {
  const { streams, tab } = setUp()
  const tabs = [tab(), tab(), tab()]
  const generation = buildGeneration()
  streams[0]?.onConnection('live')
  streams[0]?.onGeneration(generation)
  streams[0]?.onGap()
  expect(streams.length).toBe(1)
  for (const { told } of tabs) {
    expect(told).toEqual([
      { type: 'connection', connection: 'connecting' },
      { type: 'connection', connection: 'live' },
      { type: 'generation', generation },
      { type: 'gap' },
    ])
  }
})

test('a tab that comes later learns at once how the connection is', () => {
  const { streams, tab } = setUp()
  tab()
  streams[0]?.onConnection('live')
  expect(tab().told).toEqual([{ type: 'connection', connection: 'live' }])
})

test('the stream ends with the last tab, and begins again with the next', () => {
  const { streams, tab, ended } = setUp()
  const [first, second] = [tab(), tab()]
  first.leave()
  expect(ended()).toBe(0)
  streams[0]?.onGap()
  expect(first.told.some(({ type }) => type === 'gap')).toBe(false)
  second.leave()
  expect(ended()).toBe(1)
  tab()
  expect(streams.length).toBe(2)
})

import { expect, test } from 'bun:test'
import { aGeneration } from '../store/generation.fixture.ts'
import { createHub, LEAVE, type Line, type Told } from './broadcast.ts'
import type { Hearing } from './live.ts'

function setUp() {
  const streams: Hearing[] = []
  let ended = 0
  const join = createHub(hearing => {
    streams.push(hearing)
    hearing.onConnection('connecting')
    return () => {
      ended += 1
    }
  })
  const tab = () => {
    const told: Told[] = []
    let hear: (event: MessageEvent) => void = () => {}
    const line: Line = {
      postMessage: message => told.push(message),
      addEventListener: (_, listener) => {
        hear = listener
      },
      start: () => {},
    }
    join(line)
    return { told, leave: () => hear(new MessageEvent('message', { data: LEAVE })) }
  }
  return { streams, tab, ended: () => ended }
}

test('all tabs hear the same one stream', () => {
  const { streams, tab } = setUp()
  const tabs = [tab(), tab(), tab()]
  const generation = aGeneration()
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

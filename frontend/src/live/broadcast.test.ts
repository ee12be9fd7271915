import { expect, test } from 'bun:test'
import { buildGeneration } from '../store/generation.fixture.ts'
import { type BroadcastMessage, createBroadcast, LEAVE_MESSAGE, type TabPort } from './broadcast.ts'
import type { StreamHandlers } from './live.ts'

function setUp() {
  const streams: StreamHandlers[] = []
  let ended = 0
  const addPort = createBroadcast(handlers => {
    streams.push(handlers)
    handlers.onStatus('connecting')
    return () => {
      ended += 1
    }
  })
  const tab = () => {
    const messages: BroadcastMessage[] = []
    let onMessage: (event: MessageEvent) => void = () => {}
    const port: TabPort = {
      postMessage: message => messages.push(message),
      addEventListener: (_, listener) => {
        onMessage = listener
      },
      start: () => {},
    }
    addPort(port)
    return { messages, leave: () => onMessage(new MessageEvent('message', { data: LEAVE_MESSAGE })) }
  }
  return { streams, tab, ended: () => ended }
}

test('sends the events of one stream to all tabs', () => {
  const { streams, tab } = setUp()
  const tabs = [tab(), tab(), tab()]
  const generation = buildGeneration()
  streams[0]?.onStatus('live')
  streams[0]?.onGeneration(generation)
  streams[0]?.onRemoved('an id')
  const preview = { id: 'an id', index: 0, sequence: 1, image: new Blob() }
  streams[0]?.onPreview(preview)
  streams[0]?.onConnection()
  streams[0]?.onModels()
  streams[0]?.onGap()
  expect(streams.length).toBe(1)
  for (const { messages } of tabs) {
    expect(messages).toEqual([
      { type: 'status', status: 'connecting' },
      { type: 'status', status: 'live' },
      { type: 'generation', generation },
      { type: 'removed', id: 'an id' },
      { type: 'preview', preview },
      { type: 'connection' },
      { type: 'models' },
      { type: 'gap' },
    ])
  }
})

test('sends the connection state to a tab that joins later', () => {
  const { streams, tab } = setUp()
  tab()
  streams[0]?.onStatus('live')
  expect(tab().messages).toEqual([{ type: 'status', status: 'live' }])
})

test('closes the stream with the last tab, and opens it again for the next', () => {
  const { streams, tab, ended } = setUp()
  const [first, second] = [tab(), tab()]
  first.leave()
  expect(ended()).toBe(0)
  streams[0]?.onGap()
  expect(first.messages.some(({ type }) => type === 'gap')).toBe(false)
  second.leave()
  expect(ended()).toBe(1)
  tab()
  expect(streams.length).toBe(2)
})

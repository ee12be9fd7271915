import { expect, test } from 'bun:test'
import { createChangePublisher } from './change-publisher.ts'
import { createEventStream, type EventStream } from './event-stream.ts'

test('a document that was read earlier is not sent after one that was read later', async () => {
  const [mine, other] = ['mine', 'other']
  const streams = new Map([mine, other].map(workspaceId => [workspaceId, createStream()]))
  const slow = Promise.withResolvers<void>()
  let version = 0
  const publisher = createChangePublisher({
    channels: {
      hasSubscribers: () => true,
      listSubscribed: workspaceId => [streams.get(workspaceId)].flatMap(stream => stream?.stream ?? []),
    },
    reader: {
      read: async (workspaceId, ids) => {
        const document = `${workspaceId} ${++version}`
        if (version === 2) await slow.promise
        return new Map(ids.map(id => [id, document]))
      },
    },
  })
  const late = publisher.publish([changeOf(mine), changeOf(other)], null)
  const delivered = publisher.publish([changeOf(mine)], 1)
  await Promise.resolve()
  slow.resolve()
  await Promise.all([late, delivered])
  expect(streams.get(mine)?.sent).toEqual([
    'event: generation\ndata: mine 1\n\n',
    'event: generation\nid: 1.7\ndata: mine 3\n\n',
  ])
})

function changeOf(workspaceId: string) {
  return { sequence: 7, workspaceId, id: workspaceId }
}

function createStream(): { stream: EventStream; sent: string[] } {
  const sent: string[] = []
  const stream = createEventStream({
    onClose: () => {},
    onOverflow: () => ({ key: '', bytes: new Uint8Array() }),
    disconnect: () => {},
  })
  return { stream: { ...stream, send: ({ bytes }) => void sent.push(new TextDecoder().decode(bytes)) }, sent }
}

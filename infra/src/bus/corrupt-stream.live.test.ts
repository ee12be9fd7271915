import { expect, test } from 'bun:test'
import { readdir, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { jobConsumerName, jobSubject, STREAMS } from '@darkroom/contracts/subjects'
import { startNats } from '../../local/embedded/nats.ts'
import { findInstalledNatsServer } from '../../local/programs/nats-server.ts'
import { createTestDirectory, TEST_CACHE } from '../../testing/test-resources.ts'
import { createLog } from '../log.ts'
import { openBus } from './bus.ts'

const log = createLog({ service: 'test', level: 'silent' })
const CONSUMER = { name: jobConsumerName('demo'), subject: jobSubject('demo'), ackWaitSeconds: 30 }

test('a consumer starts again when its stream has lost its tail', async () => {
  await using directory = await createTestDirectory()
  await usingServer(directory.path, async url => {
    const bus = await openBus({ url, name: 'test', log })
    await bus.ensureStreams()
    const consumer = await bus.consumer(CONSUMER)
    for (let count = 0; count < 3; count++) {
      await publish(bus)
      await (await consumer.next(60_000, AbortSignal.timeout(60_000)))?.ack()
    }
    await bus.close()
  })
  const files = await readdir(directory.path, { recursive: true })
  const blocks = files.filter(file => file.endsWith('.blk'))
  expect(blocks.length).toBeGreaterThan(0)
  for (const block of blocks) await truncate(join(directory.path, block), 0)
  await usingServer(directory.path, async url => {
    const bus = await openBus({ url, name: 'test', log })
    await bus.ensureStreams()
    const consumer = await bus.consumer(CONSUMER)
    const id = await publish(bus)
    const delivery = await consumer.next(60_000, AbortSignal.timeout(60_000))
    expect(delivery?.data).toMatchObject({ id })
    await delivery?.ack()
    await bus.close()
  })
})

test('a stream that accepts messages but delivers none is detected by its consumer and created again', async () => {
  await using directory = await createTestDirectory()
  await usingServer(directory.path, async url => {
    const bus = await openBus({ url, name: 'test', log })
    await bus.ensureStreams()
    const consumer = await bus.consumer(CONSUMER)
    const files = await readdir(directory.path, { recursive: true })
    const messages = files.find(file => file.endsWith(`${STREAMS.jobs.name}/msgs`)) ?? ''
    await rm(join(directory.path, messages), { recursive: true })
    await publish(bus)
    await expect(consumer.next(1_000, AbortSignal.timeout(60_000))).rejects.toThrow(
      'consumer lane-demo has 1 pending messages but delivered none',
    )
    await expect(bus.ensureStreams()).rejects.toThrow('created again')
    await bus.ensureStreams()
    const again = await bus.consumer(CONSUMER)
    const id = await publish(bus)
    const delivery = await again.next(60_000, AbortSignal.timeout(60_000))
    expect(delivery?.data).toMatchObject({ id })
    await bus.close()
  })
})

async function publish(bus: Awaited<ReturnType<typeof openBus>>): Promise<string> {
  const id = crypto.randomUUID()
  await bus.publish(CONSUMER.subject, { v: 1, type: 'generation.queued', id }, id)
  return id
}

async function usingServer(storeDir: string, use: (url: string) => Promise<void>): Promise<void> {
  const binary = findInstalledNatsServer(TEST_CACHE)
  if (!binary) throw new Error('The tests need nats-server: `bun run test` gets it once, then `bun test` finds it.')
  const server = await startNats({ binary, storeDir, signal: AbortSignal.timeout(60_000) })
  await use(server.url).finally(() => server.stop())
}

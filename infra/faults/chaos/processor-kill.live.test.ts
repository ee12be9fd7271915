import { expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import { type Database, openDatabase } from '../../src/database/connection.ts'
import { createLog } from '../../src/log.ts'
import { startFakeProvider } from '../../testing/studio/fake-provider.ts'
import { isFinished } from '../../testing/studio/studio-client.ts'
import { startTestStudio, type TestStudio } from '../../testing/studio/test-studio.ts'
import { createImageDraft } from './load.ts'

test('the work of a processor that is killed during uploads continues: each output is stored once, and nothing is bought twice', async () => {
  await using fake = await startFakeProvider()
  await using studio = await startTestStudio({ ...fake.env, LEASE_SECONDS: '2' })
  await fake.setBehavior({ holdFiles: true })
  const purchased = await studio.submit(createImageDraft('kept', { numOutputs: 4 }))
  await fake.waitForRequests(({ filesInFlight }) => filesInFlight === 3)
  await fake.setBehavior({ holdFiles: false, files: { 3: { kind: 'hang' } } })
  await studio.waitForGeneration(
    purchased.id,
    ({ outputs }) => outputs.filter(({ state }) => state === 'stored').length === 3,
  )
  await killProcessor(studio)
  await fake.setBehavior({ files: {} })
  await expectComplete(studio, await studio.waitForGeneration(purchased.id, isFinished), 4)
  expect((await fake.readRequestLog()).submits.map(({ indices }) => indices)).toEqual([[0, 1, 2, 3]])

  const drawn = await studio.submit({ prompt: 'dunes', model: 'demo', parameters: { numOutputs: 4, resolution: 512 } })
  await studio.waitForGeneration(drawn.id, ({ outputs }) => outputs[0]?.state === 'stored')
  await killProcessor(studio)
  await expectComplete(studio, await studio.waitForGeneration(drawn.id, isFinished), 4)
  await expectNoImageDataInRows(studio)
})

async function killProcessor(studio: TestStudio): Promise<void> {
  process.kill(await studio.pidOf('processor'), 'SIGKILL')
}

/** Checks that a generation is completed with each output stored once and whole, by a history that the state machine allows. */
async function expectComplete(studio: TestStudio, generation: Generation, outputs: number): Promise<void> {
  expect(generation.status).toBe('completed')
  expect(generation.attempt).toBeGreaterThan(1)
  expect(generation.outputs.map(({ index, state }) => [index, state])).toEqual(
    Array.from({ length: outputs }, (_, index) => [index, 'stored']),
  )
  expect(new Set(generation.outputs.map(({ url }) => url)).size).toBe(outputs)
  for (const { url, bytes } of generation.outputs) {
    const response = await studio.fetch(url ?? '')
    expect((await response.arrayBuffer()).byteLength).toBe(bytes ?? -1)
  }
  const transitions = await queryDatabase(
    studio,
    sql => sql<{ transition: string }[]>`
      select from_status || '→' || to_status as transition from generation_events
      where generation_id = ${generation.id} and from_status is not null order by id`,
  )
  const names = transitions.map(({ transition }) => transition)
  expect(names[0]).toBe('queued→processing')
  expect(names.slice(-1)).toEqual(['uploading→completed'])
  expect(names.filter(name => name === 'uploading→completed')).toHaveLength(1)
  expect(names.some(name => name === 'processing→processing' || name === 'uploading→uploading')).toBe(true)
}

async function expectNoImageDataInRows(studio: TestStudio): Promise<void> {
  const rows = await queryDatabase(
    studio,
    sql => sql<{ count: number }[]>`
      select count(*)::int as count from generations g join generation_raw r on r.generation_id = g.id
      where g::text || r::text ~* '(data:|;base64,)'`,
  )
  expect(rows[0]?.count).toBe(0)
}

async function queryDatabase<T>(studio: TestStudio, query: (sql: Database) => Promise<T>): Promise<T> {
  const log = createLog({ service: 'test', level: 'silent' })
  const sql = openDatabase({ url: studio.databaseUrl, name: 'test', connections: 1, log })
  return await query(sql).finally(() => sql.end({ timeout: 1 }))
}

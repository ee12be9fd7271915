import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Delivery } from '@darkroom/infra/bus/consumer'
import { type Database, openDatabase } from '@darkroom/infra/database/connection'
import { createLog } from '@darkroom/infra/log'
import { createTestDatabase } from '@darkroom/infra/testing/test-resources'
import { type SupervisorDeps, superviseBackfillProcess } from './supervisor.ts'

const log = createLog({ service: 'test', level: 'silent' })
const stack = new AsyncDisposableStack()
let database: Database

beforeAll(async () => {
  const { url } = stack.use(await createTestDatabase())
  database = openDatabase({ url, name: 'test', log })
  stack.defer(() => database.end({ timeout: 1 }))
})
afterAll(() => stack.disposeAsync())

test('starts no process after an empty pull', async () => {
  expect(await countProcesses([null, null, null])).toEqual({ started: 0, returned: 0 })
})

test('starts a process for a message, which it returns to the bus', async () => {
  expect(await countProcesses([null, 'message', null])).toEqual({ started: 1, returned: 1 })
})

test('starts a process for a preview that is due', async () => {
  await database`
    with stored as (
      insert into reference_images (id, workspace_id, sha256, key, mime_type, bytes, width, height)
      values (gen_random_uuid(), gen_random_uuid(), 'hash', 'key', 'image/png', 1, 1, 1) returning id
    ) insert into previews_due (reference_id) select id from stored`
  expect(await countProcesses([null])).toEqual({ started: 1, returned: 0 })
})

test('pulls longer in a quiet studio', async () => {
  expect(await pullMilliseconds(true)).toBeGreaterThan(await pullMilliseconds(false))
})

/** Runs the supervisor on these pulls, and counts the processes that it starts and the messages that it returns. */
async function countProcesses(pulls: (null | 'message')[]): Promise<{ started: number; returned: number }> {
  const counts = { started: 0, returned: 0 }
  const delivery = { nak: () => void counts.returned++ } as unknown as Delivery
  await supervise({
    next: () => {
      const pull = pulls.shift()
      return pull === undefined ? undefined : pull && delivery
    },
    runProcess: async () => void counts.started++,
  })
  return counts
}

async function pullMilliseconds(isQuiet: boolean): Promise<number> {
  let longest = 0
  await supervise({
    isQuiet,
    next: milliseconds => {
      longest = milliseconds
      return undefined
    },
  })
  return longest
}

/** Runs the supervisor until `next` returns undefined. */
async function supervise(options: {
  next: (milliseconds: number) => Delivery | null | undefined
  isQuiet?: boolean
  runProcess?: SupervisorDeps['runProcess']
}): Promise<void> {
  const controller = new AbortController()
  const next = async (milliseconds: number) => {
    const delivery = options.next(milliseconds)
    if (delivery === undefined) controller.abort()
    return delivery ?? null
  }
  await superviseBackfillProcess({
    bus: { ensureStreams: async () => {}, consumer: async () => ({ next }) },
    database,
    activity: { isQuiet: () => options.isQuiet ?? false },
    isDiskFull: async () => false,
    log,
    signal: controller.signal,
    runProcess: options.runProcess ?? (async () => {}),
  })
}

import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import sharp from 'sharp'
import { until } from '../../local/process/wait-until.ts'
import { violations } from '../../testing/invariants/check-invariants.ts'
import { isOver } from '../../testing/invariants/client.ts'
import { type Stage, startStage } from '../../testing/studio/test-stack.ts'
import { picture } from './load.ts'

/** An ingest that dies while it takes something in, and what is thrown away for good. */

const LIMIT_MS = 120_000
const forever = new AbortController().signal

let stage: Stage

beforeAll(async () => {
  stage = await startStage({ env: { TRASH_DAYS: '0' } })
}, LIMIT_MS)
afterEach(() => stage.heal(), LIMIT_MS)
afterAll(() => stage[Symbol.asyncDispose](), LIMIT_MS)

test.each(['before-put', 'after-put', 'before-commit', 'after-commit'])(
  'F2: an ingest that is killed at %s has taken it once when the client has asked again',
  async at => {
    await stage.ingest.restart({ FAIL_AT: `${at}:kill` })
    const died = stage.ingest.died()
    const dataUrl = `data:image/png;base64,${(await square()).toBase64()}`
    const { id } = await stage.client.submit({ ...picture(`taken ${at}`), referenceImages: [dataUrl] })
    expect(await died).toBe('SIGKILL')
    const made = await stage.client.until(id, isOver)
    expect([made.status, made.references.length]).toEqual(['completed', 1])
    await isWhole(made)
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test.each(['before-put', 'after-put'])(
  'F2: a reference that was being taken at %s is kept once when it was sent again',
  async at => {
    await stage.ingest.restart({ FAIL_AT: `${at}:kill` })
    await stage.client.sendReference(await square())
    expect(stage.ingest.deaths).toContain('SIGKILL')
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'F6: an ingest that is asked to stop answers what it was asked before, and exits in order',
  async () => {
    const held = Promise.withResolvers<void>()
    const locked = Promise.withResolvers<void>()
    const locking = stage.sql.begin(async tx => {
      await tx`lock table generations in access exclusive mode`
      locked.resolve()
      await held.promise
    })
    await locked.promise
    const asked = stage.client.log.ask(picture('asked before the stop'))
    const answer = stage.client.trySubmit(asked)
    await isWaitedFor()
    const died = stage.ingest.died()
    stage.ingest.signal('SIGTERM')
    held.resolve()
    await locking
    expect([await answer, await died]).toEqual([202, 'exit 0'])
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'what is thrown away for good takes its pictures along and no one else’s, whoever is killed meanwhile',
  async () => {
    const reference = await stage.client.sendReference(await square())
    const [gone, kept] = await Promise.all(
      ['gone', 'kept'].map(async prompt => {
        const { id } = await stage.client.submit({ ...picture(prompt), referenceImages: [reference.id ?? ''] })
        return await stage.client.until(id, isOver)
      }),
    )
    if (!gone || !kept) throw new Error('nothing was made')
    expect((await stage.client.fetch(`/api/generate/${gone.id}`, { method: 'DELETE' })).ok).toBe(true)
    stage.client.log.asked.delete(gone.clientId)
    await stage.processor.restart()
    await isGone(async () => (await stage.client.fetch(`/api/generations/${gone.id}`)).status === 404)
    await stage.sql`update object_removals set remove_after = now()`
    await stage.processor.restart({ FAIL_AT: 'before-remove:kill' })
    await isGone(async () => (await keysOf(gone.id)).length === 0)
    expect(stage.processor.deaths).toContain('SIGKILL')
    expect((await keysOf(kept.id)).length).toBe(6)
    await isWhole(kept)
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'an output that is killed on its way home is brought home all the same',
  async () => {
    await stage.fake.set({ files: { '*': { kind: 'status', status: 500 } } })
    const { id } = await stage.client.submit(picture('late'))
    const made = await stage.client.until(id, isOver)
    expect(made.outputs.map(({ state }) => state)).toEqual(['temporary', 'temporary'])
    await stage.processor.restart({ FAIL_AT: 'before-rehost:kill' })
    const died = stage.processor.died()
    await stage.fake.behave()
    await stage.sql`update rehosts set next_try_at = now()`
    expect(await died).toBe('SIGKILL')
    await stage.sql`update rehosts set next_try_at = now()`
    await stage.client.until(id, ({ outputs }) => outputs.every(({ state }) => state === 'stored'))
    expect(await violations(stage)).toEqual([])
  },
  LIMIT_MS,
)

/** Every picture of it can be had. */
async function isWhole({ outputs, references }: Generation): Promise<void> {
  for (const { url, previewUrl } of [...outputs, ...references]) {
    for (const address of [url, previewUrl]) expect((await stage.client.fetch(address ?? '')).status).toBe(200)
  }
}

async function keysOf(id: string): Promise<string[]> {
  return (await Array.fromAsync(stage.store.list(''))).filter(key => key.includes(`/gen/${id}/`))
}

/** Waits until somebody waits for the lock. */
async function isWaitedFor(): Promise<void> {
  const waiting = async () => {
    const rows = await stage.sql`
      select from pg_stat_activity where application_name = 'darkroom-ingest' and wait_event_type = 'Lock'`
    return rows.length > 0 || undefined
  }
  await until(waiting, { what: 'Somebody who waits', milliseconds: LIMIT_MS, signal: forever })
}

async function isGone(look: () => Promise<boolean>): Promise<void> {
  const wait = { what: 'Its end', milliseconds: LIMIT_MS, signal: forever }
  await until(async () => (await look()) || undefined, wait)
}

let squares = 0

/** A picture that nobody has seen before. */
async function square(): Promise<Uint8Array<ArrayBuffer>> {
  const image = sharp({ create: { width: 64 + squares++, height: 64, channels: 3, background: 'teal' } })
  return new Uint8Array(await image.png().toBuffer())
}

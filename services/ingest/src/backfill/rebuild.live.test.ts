import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type BackfillEnv, openBackfillEnv } from './backfill-env.fixture.ts'
import { runBatch } from './migrate-batch.ts'
import { createImage, insertOldRow, toDataUrl } from './old-row.fixture.ts'
import { verifyBatch } from './verify-batch.ts'

/** Whatever rows other systems have left, what is moved out of them can be put back; only base64 is as it should be written. */

const OPTIONS = { runId: null, dryRun: false, concurrency: 4, cursor: null, limit: 100 }
const IMAGES = await Promise.all((['png', 'jpeg', 'webp'] as const).map(format => createImage(format)))

const prefix = fc.constantFrom(
  'data:image/png;base64,',
  'DATA:image/PNG;BASE64,',
  'data:;base64,',
  'data:image/jpg;charset=utf-8;base64,',
  ' \n\tdata:image/webp;base64,',
)
const bytes = fc.constantFrom(...IMAGES)
const whole = fc.tuple(bytes, prefix).map(([given, before]) => toDataUrl(given, before))
/** What strict decoders take for something else than it was, or not at all. */
const spoiled = fc.tuple(whole, fc.constantFrom('cut', 'unpadded', 'spaced', 'url-safe', 'more')).map(([text, how]) => {
  const body = text.slice(text.indexOf(',') + 1)
  const spoil: Record<typeof how, string> = {
    cut: body.slice(0, body.length / 2 + 1),
    unpadded: body.replace(/=+$/, ''),
    spaced: `${body.slice(0, 40)}\n ${body.slice(40)}`,
    'url-safe': body.replaceAll('+', '-').replaceAll('/', '_'),
    more: `${body}!`,
  }
  return text.slice(0, text.indexOf(',') + 1) + spoil[how]
})
const address = fc.constantFrom('https://example.com/a.png', '/media/w/x/ref/a.png', '', 'no address')
const anything = fc.oneof(
  { weight: 6, arbitrary: whole },
  { weight: 1, arbitrary: spoiled },
  { weight: 2, arbitrary: address },
  { weight: 1, arbitrary: fc.constantFrom(null, 7, true, {}, []) },
)
const row = fc.record(
  {
    referenceImage: anything,
    referenceImages: fc.array(anything, { maxLength: 4 }),
    referenceImageUrl: address,
    steps: fc.integer(),
    note: fc.string({ unit: 'grapheme' }).filter(text => !text.includes('\0')),
  },
  { requiredKeys: [] },
)

test('a row is moved whole and can be rebuilt from its manifest, or it is named and stays as it is', async () => {
  await using env = await openBackfillEnv()
  await fc.assert(
    fc.asyncProperty(row, async given => {
      await env.sql`delete from generations`
      const id = await insertOldRow(env.sql, given)
      const { failures } = await runBatch(env.deps, OPTIONS)
      const after = await readRawParameters(env, id)
      if (failures.length > 0) return expect(after).toEqual(await toStoredParameters(env, given))
      expect(JSON.stringify(after)).not.toMatch(/data:|;base64,/i)
      expect(await rebuildParameters(env, id, after, given)).toEqual(canonical(await toStoredParameters(env, given)))
      const verified = await verifyBatch(env.deps, { runId: null, cursor: null, limit: 100, concurrency: 4 })
      expect(verified.failures).toEqual([])
    }),
    { numRuns: 150 },
  )
}, 60_000)

/** The row as it was, made from what it is now, its manifest and the store: what `docs/backfill.md` tells an operator. */
async function rebuildParameters(env: BackfillEnv, id: string, after: Record<string, unknown>, given: object) {
  const made = structuredClone(after)
  const entries = await env.sql<{ field: string; position: number; key: string; prefix: string }[]>`
    select field, position, key, prefix from backfill_manifest where generation_id = ${id}`
  for (const { field, position, key, prefix: before } of entries) {
    const text = toDataUrl(await env.readBytes(key), before)
    if (field === 'referenceImage') made[field] = text
    else (made[field] as unknown[])[position] = text
  }
  // Pointers to a single reference are new, but for an address that was there.
  const names = Object.keys(made).filter(name => /^referenceImage[A-Z]/.test(name) && !(name in given))
  for (const name of names) delete made[name]
  return made
}

/** The same with every base64 in one line and padded. */
function canonical<Value>(value: Value): Value {
  const text = (_: string, item: unknown) => {
    const [, before, body = ''] = typeof item === 'string' ? (/^(\s*data:[^,]*,)(.*)$/is.exec(item) ?? []) : []
    return before === undefined ? item : before + Buffer.from(body, 'base64').toString('base64')
  }
  return JSON.parse(JSON.stringify(value, text))
}

async function readRawParameters({ sql }: BackfillEnv, id: string): Promise<Record<string, unknown>> {
  const [found] = await sql`select parameters from generation_raw where generation_id = ${id}`
  return found?.parameters
}

/** As the database gives back what it was given. */
async function toStoredParameters({ sql }: BackfillEnv, given: object): Promise<Record<string, unknown>> {
  const [kept] = await sql`select ${JSON.stringify(given)}::text::jsonb as value`
  return kept?.value
}

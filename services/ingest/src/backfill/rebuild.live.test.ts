import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type BackfillEnv, openBackfillEnv } from './backfill-env.fixture.ts'
import { migrateBatch } from './migrate-batch.ts'
import { createImage, insertOldRow, toDataUrl } from './old-row.fixture.ts'
import { verifyBatch } from './verify-batch.ts'

/** Any row of another system can be rebuilt from its manifest after its migration, except that base64 becomes canonical. */

const OPTIONS = { runId: null, dryRun: false, concurrency: 4, cursor: null, limit: 100 }
const IMAGES = await Promise.all((['png', 'jpeg', 'webp'] as const).map(format => createImage(format)))

const prefix = fc.constantFrom(
  'data:image/png;base64,',
  'DATA:image/PNG;BASE64,',
  'data:;base64,',
  'data:image/jpg;charset=utf-8;base64,',
  ' \n\tdata:image/webp;base64,',
)
const image = fc.constantFrom(...IMAGES)
const valid = fc.tuple(image, prefix).map(([bytes, before]) => toDataUrl(bytes, before))
/** Data URLs that a strict decoder refuses or decodes to other bytes. */
const damaged = fc.tuple(valid, fc.constantFrom('cut', 'unpadded', 'spaced', 'url-safe', 'more')).map(([text, how]) => {
  const body = text.slice(text.indexOf(',') + 1)
  const variants: Record<typeof how, string> = {
    cut: body.slice(0, body.length / 2 + 1),
    unpadded: body.replace(/=+$/, ''),
    spaced: `${body.slice(0, 40)}\n ${body.slice(40)}`,
    'url-safe': body.replaceAll('+', '-').replaceAll('/', '_'),
    more: `${body}!`,
  }
  return text.slice(0, text.indexOf(',') + 1) + variants[how]
})
const url = fc.constantFrom('https://example.com/a.png', '/media/w/x/ref/a.png', '', 'no address')
const value = fc.oneof(
  { weight: 6, arbitrary: valid },
  { weight: 1, arbitrary: damaged },
  { weight: 2, arbitrary: url },
  { weight: 1, arbitrary: fc.constantFrom(null, 7, true, {}, []) },
)
const parameters = fc.record(
  {
    referenceImage: value,
    referenceImages: fc.array(value, { maxLength: 4 }),
    referenceImageUrl: url,
    steps: fc.integer(),
    note: fc.string({ unit: 'grapheme' }).filter(text => !text.includes('\0')),
  },
  { requiredKeys: [] },
)

test('migrates a row completely and rebuildably, or names it and leaves it unchanged', async () => {
  await using env = await openBackfillEnv()
  await fc.assert(
    fc.asyncProperty(parameters, async original => {
      await env.sql`delete from generations`
      const id = await insertOldRow(env.sql, original)
      const { failures } = await migrateBatch(env.deps, OPTIONS)
      const after = await readRawParameters(env, id)
      if (failures.length > 0) return expect(after).toEqual(await toStoredParameters(env, original))
      expect(JSON.stringify(after)).not.toMatch(/data:|;base64,/i)
      expect(await rebuildParameters(env, id, after, original)).toEqual(
        canonicalize(await toStoredParameters(env, original)),
      )
      const verified = await verifyBatch(env.deps, { runId: null, cursor: null, limit: 100, concurrency: 4 })
      expect(verified.failures).toEqual([])
    }),
    { numRuns: 150 },
  )
})

/** Rebuilds the original parameters from the present ones, the manifest and the store, as `docs/backfill.md` describes. */
async function rebuildParameters(env: BackfillEnv, id: string, after: Record<string, unknown>, original: object) {
  const rebuilt = structuredClone(after)
  const entries = await env.sql<{ field: string; position: number; key: string; prefix: string }[]>`
    select field, position, key, prefix from backfill_manifest where generation_id = ${id}`
  for (const { field, position, key, prefix: before } of entries) {
    const text = toDataUrl(await env.readBytes(key), before)
    if (field === 'referenceImage') rebuilt[field] = text
    else (rebuilt[field] as unknown[])[position] = text
  }
  // The pointers to a single reference are new, except for a URL that the row had before.
  const names = Object.keys(rebuilt).filter(name => /^referenceImage[A-Z]/.test(name) && !(name in original))
  for (const name of names) delete rebuilt[name]
  return rebuilt
}

/** Returns a copy with every base64 on one line and padded. */
function canonicalize<Value>(value: Value): Value {
  const text = (_: string, item: unknown) => {
    const [, before, body = ''] = typeof item === 'string' ? (/^(\s*data:[^,]*,)(.*)$/is.exec(item) ?? []) : []
    return before === undefined ? item : before + Buffer.from(body, 'base64').toString('base64')
  }
  return JSON.parse(JSON.stringify(value, text))
}

async function readRawParameters({ sql }: BackfillEnv, id: string): Promise<Record<string, unknown>> {
  const [row] = await sql`select parameters from generation_raw where generation_id = ${id}`
  return row?.parameters
}

/** Returns parameters as Postgres returns them. */
async function toStoredParameters({ sql }: BackfillEnv, original: object): Promise<Record<string, unknown>> {
  const [row] = await sql`select ${JSON.stringify(original)}::text::jsonb as value`
  return row?.value
}

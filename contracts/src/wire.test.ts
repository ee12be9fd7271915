import { expect, test } from 'bun:test'
import { z } from 'zod'
import {
  AUDIENCE_SUBJECTS,
  audienceSubject,
  BACKFILL_CONSUMER,
  BACKFILL_EVENTS_SUBJECT,
  BACKFILL_SUBJECT,
  CANCEL_SUBJECT,
  generationSubject,
  jobConsumerName,
  jobSubject,
  LIVE_PREVIEW_SUBJECTS,
  livePreviewSubject,
  STREAMS,
} from './subjects.ts'

/**
 * Hashes of the schemas of HTTP and of the bus. Services are deployed one after another and browsers keep a page open for days, so
 * the old and the new version of a schema meet. If this test fails, a schema has changed:
 *
 * 1. Can the old version read the new schema, and the new version the old one? A new optional key is safe only where no receiver
 *    parses strictly; a key that is removed, renamed, or has another meaning is not.
 * 2. A message of the bus whose meaning changes gets a new `v` beside the old one, never instead of it.
 * 3. Deploy order: consumers first, then producers. (HTTP responses: first the interface that understands both, then query.
 *    Submissions: first ingest, then the interface. The bus: first the consumers, then the publishers.)
 * 4. Then write the new hash here, in the same commit as the change. It also changes when zod writes JSON Schema in another way.
 */
const PINNED: Record<string, string> = {
  AdminLogin: 'a1ec390683db0150',
  Authority: 'a6443e6241095f42',
  BackfillBatch: 'eb851c8d738ca23a',
  BackfillChanged: '097f1f4850fce06a',
  BackfillFailure: '68adefba9e47337a',
  BackfillMessage: 'd5e23115371e6709',
  BackfillOptions: 'e4fd88a743c631a3',
  BackfillRequest: '6079d23ff45e949e',
  BackfillRequested: '0b7e40bd35038d78',
  BackfillResponse: '11c99d071b62a27c',
  BackfillResume: '2c72168223ffd0b5',
  BackfillStop: '75a5e26f0a244d45',
  BusMessage: '1e87a8b8c2902f39',
  Cancellation: 'f1e8ca1513a5066d',
  Connection: '613ddebf1c4b416b',
  ConnectionBudget: 'd7cbd69f8aafa8ed',
  ConnectionChange: '4ec620dd15317185',
  ConnectionChanged: '76a2e4982c817dea',
  ConnectionState: 'b95a4531e7d562c1',
  Connections: 'f6fb8913d1ae9ebd',
  Dialect: '31da8bb53b6866c4',
  DownloadItem: '7a6dee03000dd0cc',
  DownloadMetadata: 'c21e8bec969da019',
  DownloadRequest: '0d4b2b93f4527806',
  DownloadedFile: 'b2740c31130807c9',
  FavouriteChange: '6433f7346fb1c6cd',
  Generation: '2dc0247186dcb493',
  GenerationCancelled: '7509dae4531b8755',
  GenerationChanged: '16898e0b8a3c4c96',
  GenerationCount: 'a000ab8f1fbf1505',
  GenerationPage: '2aa832817fd6de36',
  GenerationQueued: 'e850bee9145cc323',
  ImageSettings: '363c28bee70d4679',
  ImportFailure: 'cb220218f8285679',
  ImportMessage: '42aab24550729af7',
  ImportReport: '27b657d881e92e00',
  LivePreview: '825ab8d310a34139',
  ManifestLine: '2991202cceeadf2b',
  Model: '9fca7ff4af9e32ff',
  ModelInput: '4526d5b26f91d117',
  ModelSpec: '2e43cfc511a28178',
  Models: '2e3bdda7fe7da826',
  ModelsChanged: 'd3a367ff4f0375b7',
  NewConnection: 'be0ce733377cf614',
  NewWorkflow: '291d5877fdf4788f',
  Output: '5afd54ff84f66970',
  Parent: '67783811f5a99c02',
  PartState: 'e539b28a00ffc8f2',
  Parts: '72cfdb6a52006db1',
  Price: '35ecd36fb9dd739c',
  Problem: '44280b74f46bc8f2',
  PublicError: '5ee195896baad02b',
  Reference: '1790c4cf4dd964d4',
  ReferenceOrigin: 'baf5282777052b8e',
  References: 'b5394c9d1af29ea9',
  ReplacedGeneration: '1cbb5c642cf9861b',
  Setting: 'a6d14262b7df3b4a',
  Sizes: 'deb15be5a3069e97',
  StudioReadiness: '11b55d7a89290edd',
  Submission: '248d60c74be8ec7d',
  SubmittedParameters: '5717b7fe97bab777',
  Timeline: 'aa8f22db3f2db5fa',
  TrashEmptied: 'fd42e0a4b27d1c9b',
  Usage: '317d4dc860844ab4',
  UsageBudget: 'c279fe6c8538d063',
  UsageRow: 'bb6f1e92eebdd9bf',
  Uuid: '062c41a84ffa8555',
  Workflow: '766f2748a58beae9',
  WorkflowName: '53983906355ce301',
  Workflows: '8e4320907caa6402',
}

test('no schema has changed', async () => {
  const schemas = await exportedSchemas()
  expect(Object.fromEntries(schemas.map(([name, schema]) => [name, hashOf(schema)]))).toEqual(PINNED)
})

test('a hash changes with the schema, not with its order or descriptions', () => {
  const pinned = hashOf(z.strictObject({ a: z.string(), b: z.int().default(1) }))
  expect(hashOf(z.strictObject({ b: z.int().default(1).describe('how many'), a: z.string() }))).toBe(pinned)
  for (const changed of [
    z.strictObject({ a: z.string() }),
    z.strictObject({ a: z.string().optional(), b: z.int().default(1) }),
    z.strictObject({ a: z.string(), b: z.int() }),
    z.strictObject({ a: z.string(), b: z.int().default(2) }),
    z.object({ a: z.string(), b: z.int().default(1) }),
  ]) {
    expect(hashOf(changed)).not.toBe(pinned)
  }
})

test('no name on the bus has changed', () => {
  expect(STREAMS).toEqual({
    jobs: { name: 'JOBS', subjects: ['jobs.>'] },
    events: { name: 'EVENTS', subjects: ['events.>'] },
  })
  expect([jobSubject('demo'), jobConsumerName('demo'), generationSubject('w'), CANCEL_SUBJECT]).toEqual([
    'jobs.generate.demo',
    'lane-demo',
    'events.w.generation',
    'jobs.cancel',
  ])
  expect([BACKFILL_SUBJECT, BACKFILL_CONSUMER, BACKFILL_EVENTS_SUBJECT]).toEqual([
    'jobs.backfill',
    'backfill',
    'events.backfill',
  ])
  expect([LIVE_PREVIEW_SUBJECTS, livePreviewSubject('w'), AUDIENCE_SUBJECTS, audienceSubject('w')]).toEqual([
    'previews.*',
    'previews.w',
    'watch.*',
    'watch.w',
  ])
})

/** Returns every schema that a file of contracts exports, so that a new one cannot be forgotten. */
async function exportedSchemas(): Promise<[string, z.ZodType][]> {
  const files = [...new Bun.Glob('**/*.ts').scanSync(import.meta.dirname)].filter(file => !file.endsWith('.test.ts'))
  const modules = await Promise.all(files.map(file => import(`./${file}`) as Promise<Record<string, unknown>>))
  const all = modules.flatMap(module => Object.entries(module))
  return all.filter((entry): entry is [string, z.ZodType] => entry[1] instanceof z.ZodType).toSorted()
}

/** Hashes the input and the output of a schema: defaults are in one of them only. */
function hashOf(schema: z.ZodType): string {
  const written = (['input', 'output'] as const).map(io =>
    sorted(z.toJSONSchema(schema, { io, unrepresentable: 'any' })),
  )
  return new Bun.CryptoHasher('sha256').update(JSON.stringify(written)).digest('hex').slice(0, 16)
}

/** Sorts keys and `required`, whose order has no meaning, and removes descriptions. */
function sorted(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return key === 'required' ? value.toSorted() : value.map(item => sorted(item))
  if (typeof value !== 'object' || value === null) return value
  const relevant = Object.entries(value).filter(([name, inner]) => name !== 'description' || typeof inner !== 'string')
  const entries = relevant.map(([name, inner]) => [name, sorted(inner, name)] as const)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

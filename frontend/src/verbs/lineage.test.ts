import { expect, test } from 'bun:test'
import type { Generation } from '@darkroom/contracts/generation'
import { createRoot } from 'solid-js'
import { RejectedError, UnavailableError } from '../request-error.ts'
import { buildGeneration, buildNumbered, buildWindow } from '../store/generation.fixture.ts'
import { EMPTY_WINDOW } from '../store/generation-window.ts'
import { createLineage } from './lineage.ts'

const root = buildNumbered(1, { prompt: 'a paper boat\non a black lake, seen from the pier in the early morning fog' })
const child = buildNumbered(2, { parent: { generationId: root.id, outputIndex: 0, verb: 'upscale' } })
const grandchild = buildNumbered(3, { parent: { generationId: child.id, outputIndex: 0, verb: 'vary' } })
const signal = new AbortController().signal

function setUp(stored: readonly Generation[], options: { window?: typeof EMPTY_WINDOW; error?: () => Error } = {}) {
  const reads: string[] = []
  const timers: (() => void)[] = []
  const byId = new Map(stored.map(generation => [generation.id, generation]))
  let error = options.error
  const lineage = createLineage({
    api: {
      fetchGeneration: async id => {
        reads.push(id)
        if (error) throw error()
        return byId.get(id) ?? null
      },
      fetchChildren: async id => stored.filter(({ parent }) => parent?.generationId === id),
    },
    generationWindow: () => options.window ?? EMPTY_WINDOW,
    modelsById: () => new Map(),
    setTimer: callback => void timers.push(callback),
  })
  const recover = () => {
    error = undefined
    for (const run of timers.splice(0)) run()
  }
  return { lineage, reads, recover }
}

async function settle() {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve()
}

test('shows a parent that is loaded, without a request', async () => {
  const { lineage, reads } = setUp([], { window: buildWindow([1]) })
  const parent = lineage.findParent(child)
  await settle()
  expect(parent).toMatchObject({ state: 'present', href: `#g=${root.id}`, change: 'upscaled' })
  expect(parent?.thumbnailUrl).toContain('.w320.webp')
  expect(reads).toEqual([])
  expect(lineage.findParent(root)).toBeUndefined()
})

test('reads a parent that is not loaded once, and says its first words', async () => {
  const { lineage, reads } = setUp([root])
  expect(lineage.findParent(child)).toMatchObject({ state: 'loading', words: null, thumbnailUrl: null })
  lineage.findParent(child)
  await settle()
  expect(lineage.findParent(child)).toMatchObject({
    state: 'present',
    words: 'a paper boat on a black lake, seen from the pier in the…',
  })
  expect(reads).toEqual([root.id])
})

test('is honest about a deleted parent, and has its words back when it is restored', async () => {
  const trashed = { ...root, version: 2, deletedAt: '2026-11-23T12:00:00Z' }
  const { lineage } = setUp([trashed])
  lineage.findParent(child)
  await settle()
  expect(lineage.findParent(child)).toMatchObject({
    state: 'trashed',
    words: null,
    thumbnailUrl: null,
    href: `#trash?g=${root.id}`,
  })
  lineage.receive({ ...root, version: 3 })
  expect(lineage.findParent(child)).toMatchObject({ state: 'present' })
  lineage.receive({ ...trashed, version: 2 })
  expect(lineage.findParent(child)).toMatchObject({ state: 'present' })
})

test('a parent in the trash is gone once it is deleted permanently', async () => {
  const options = { window: EMPTY_WINDOW }
  const { lineage } = setUp([{ ...root, deletedAt: '2026-11-23T12:00:00Z' }], options)
  lineage.findParent(child)
  await settle()
  expect(lineage.findParent(child)?.state).toBe('trashed')
  options.window = { ...EMPTY_WINDOW, purgedIds: new Set([root.id]) }
  expect(lineage.findParent(child)).toMatchObject({ state: 'gone', href: `#g=${root.id}` })
})

test('says that a parent is gone, and does not read it again after a refusal', async () => {
  const { lineage } = setUp([])
  lineage.findParent(child)
  await settle()
  expect(lineage.findParent(child)?.state).toBe('gone')
  const refused = setUp([], { error: () => new RejectedError('no') })
  refused.lineage.findParent(child)
  await settle()
  refused.recover()
  await settle()
  expect(refused.reads).toEqual([root.id])
})

test('reads a parent again once the studio is back', async () => {
  const { lineage, reads, recover } = setUp([root], { error: () => new UnavailableError('away') })
  lineage.findParent(child)
  await settle()
  expect(lineage.findParent(child)?.state).toBe('loading')
  recover()
  await settle()
  expect(lineage.findParent(child)?.state).toBe('present')
  expect(reads).toEqual([root.id, root.id])
})

test('lists the ancestors, the nearest first, and what each changed', async () => {
  const { lineage } = setUp([root, child])
  const steps = await lineage.source.ancestors(grandchild, signal)
  expect(steps.map(({ generation, change }) => [generation.id, change])).toEqual([
    [child.id, 'upscaled, other prompt'],
    [root.id, undefined],
  ])
})

test('ends the line at a deleted ancestor, at a circle, and after twenty', async () => {
  const { lineage } = setUp([child, { ...root, deletedAt: '2026-11-23T12:00:00Z' }])
  expect(await lineage.source.ancestors(grandchild, signal)).toHaveLength(1)
  const circle = { ...root, parent: { generationId: child.id, outputIndex: 0, verb: 'vary' } }
  expect(await setUp([circle, child]).lineage.source.ancestors(grandchild, signal)).toHaveLength(2)
  const long = Array.from({ length: 30 }, (_, index) => {
    const { id } = buildNumbered(index + 2)
    return buildNumbered(index + 1, { parent: { generationId: id, outputIndex: 0, verb: 'vary' } })
  })
  const [first] = long
  expect(first && (await setUp(long).lineage.source.ancestors(first, signal))).toHaveLength(20)
})

test('lists the children of an output, without those of others and deleted ones', async () => {
  const other = buildNumbered(4, { parent: { generationId: root.id, outputIndex: 1, verb: 'edit' } })
  const deleted = { ...child, id: buildNumbered(5).id, deletedAt: '2026-11-23T12:00:00Z' }
  const { lineage } = setUp([other, deleted, child])
  const steps = await lineage.source.children(root, 0, signal)
  expect(steps.map(({ generation }) => generation.id)).toEqual([child.id])
})

test('reads four parents at a time', async () => {
  const children = Array.from({ length: 9 }, (_, index) =>
    buildGeneration({ parent: { generationId: buildNumbered(index + 1).id, outputIndex: 0, verb: 'vary' } }),
  )
  await createRoot(async dispose => {
    const { lineage, reads } = setUp([])
    for (const item of children) lineage.findParent(item)
    await Promise.resolve()
    expect(reads).toHaveLength(4)
    await settle()
    await settle()
    expect(reads).toHaveLength(9)
    dispose()
  })
})

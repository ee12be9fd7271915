import type { Generation } from '@darkroom/contracts/generation'
import type { Model } from '@darkroom/contracts/model'
import { previewUrlAtWidth, THUMBNAIL_WIDTH } from '@darkroom/contracts/previews'
import type { Accessor } from 'solid-js'
import { formatAddress } from '../address.ts'
import { ALL_GENERATIONS, EMPTY_FILTER, type ListQuery } from '../library/list-query.ts'
import { isVisible } from '../lightbox/is-visible.ts'
import type { LineageSource, LineageStep } from '../lightbox/lineage-source.ts'
import type { GenerationWindow } from '../store/generation-window.ts'
import { describeChange } from './describe-change.ts'
import { type CachedGeneration, createGenerationCache } from './generation-cache.ts'
import type { LineageApi } from './lineage-api.ts'
import type { FindParent, ParentInfo } from './parent-info.ts'

export interface LineageOptions {
  api: LineageApi
  generationWindow: Accessor<GenerationWindow>
  modelsById: Accessor<ReadonlyMap<string, Model>>
  /** Runs a callback after a number of milliseconds. */
  setTimer?: (callback: () => void, ms: number) => void
}

const MAX_ANCESTORS = 20
const MAX_TEXT = 60

/** Creates what connects generations: their parents for the feed, and the whole line for the lightbox. */
export function createLineage({ api, generationWindow, modelsById, setTimer }: LineageOptions) {
  const cache = createGenerationCache({ api, ...(setTimer && { setTimer }) })

  const findParent: FindParent = child => {
    if (child.parent === null) return undefined
    const { generationId, outputIndex } = child.parent
    const window = generationWindow()
    const isPurged = window.purgedIds.has(generationId)
    const parent = isPurged ? null : (findLoaded(window, generationId) ?? cache.find(generationId))
    return toParentInfo(child, parent, { generationId, outputIndex, modelsById: modelsById() })
  }

  /** Reads the generation that one was made from; null if it has none, or a deleted one. */
  async function readParent({ parent }: Generation, signal: AbortSignal): Promise<Generation | null> {
    signal.throwIfAborted()
    if (parent === null) return null
    const loaded = findLoaded(generationWindow(), parent.generationId)
    const found = loaded ?? (await api.fetchGeneration(parent.generationId))
    signal.throwIfAborted()
    return found?.deletedAt === null ? found : null
  }

  async function ancestors(generation: Generation, signal: AbortSignal): Promise<readonly LineageStep[]> {
    const steps: { generation: Generation; outputIndex: number }[] = []
    const seen = new Set([generation.id])
    let child = generation
    while (steps.length < MAX_ANCESTORS) {
      const parent = await readParent(child, signal)
      if (parent === null || seen.has(parent.id)) break
      seen.add(parent.id)
      steps.push({ generation: parent, outputIndex: child.parent?.outputIndex ?? 0 })
      child = parent
    }
    const describe = (index: number) => {
      const step = steps[index]?.generation
      return step?.parent ? describeChange(step, steps[index + 1]?.generation, modelsById()) : undefined
    }
    return steps.map((step, index) => ({ ...step, change: describe(index) }))
  }

  async function children(
    parent: Generation,
    outputIndex: number,
    signal: AbortSignal,
  ): Promise<readonly LineageStep[]> {
    const all = await api.fetchChildren(parent.id)
    signal.throwIfAborted()
    const made = all.filter(child => child.parent?.outputIndex === outputIndex && child.deletedAt === null)
    return made.map(generation => ({
      generation,
      outputIndex: generation.outputs.find(isVisible)?.index ?? 0,
      change: describeChange(generation, parent, modelsById()),
    }))
  }

  const source: LineageSource = { ancestors, children }
  return { findParent, source, receive: cache.receive }
}

function findLoaded({ rows }: GenerationWindow, id: string): Generation | undefined {
  return rows.find(row => row.generation.id === id)?.generation
}

/** The list that leads to a parent in the trash. */
const TRASH: ListQuery = { section: 'trash', ...EMPTY_FILTER }

interface ParentContext {
  generationId: string
  outputIndex: number
  modelsById: ReadonlyMap<string, Model>
}

function toParentInfo(child: Generation, parent: CachedGeneration, context: ParentContext): ParentInfo {
  const isPresent = parent?.deletedAt === null
  const isTrashed = parent != null && !isPresent
  const previewUrl = isPresent ? parent.outputs[context.outputIndex]?.previewUrl : null
  return {
    href: formatAddress(isTrashed ? TRASH : ALL_GENERATIONS, { id: context.generationId, share: 0 }),
    thumbnailUrl: previewUrl ? previewUrlAtWidth(previewUrl, THUMBNAIL_WIDTH) : null,
    words: isPresent ? shorten(parent.prompt) : null,
    change: describeChange(child, parent ?? undefined, context.modelsById),
    state: parent === undefined ? 'loading' : parent === null ? 'gone' : isTrashed ? 'trashed' : 'present',
  }
}

/** Returns the first words of a text, on one line. */
function shorten(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ')
  if (line.length <= MAX_TEXT) return line
  const end = line.lastIndexOf(' ', MAX_TEXT)
  return `${line.slice(0, end > 0 ? end : MAX_TEXT).toWellFormed()}…`
}

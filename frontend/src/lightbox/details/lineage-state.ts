import { type Accessor, createEffect, createMemo, createSignal, on, onCleanup } from 'solid-js'
import type { MediaItem } from '../gallery.ts'
import type { LineageSource, LineageStep } from '../lineage-source.ts'

/** The generations that an output came out of, the nearest first, and those that were made from it. */
export interface Lineage {
  ancestors: readonly LineageStep[]
  children: readonly LineageStep[]
}

export interface LineageOptions {
  media: Accessor<MediaItem | undefined>
  source: LineageSource | undefined
  /** Returns how much of it is shown: only that is read. */
  wanted: () => 'all' | 'ancestors' | 'nothing'
}

const NONE: Lineage = { ancestors: [], children: [] }

/** Creates the lineage of the output that is shown. It is empty until it has been read, or if it cannot be. */
export function createLineage({ media, source, wanted }: LineageOptions): Accessor<Lineage> {
  const [lineage, setLineage] = createSignal<Lineage>(NONE)
  const shownId = createMemo(() => {
    const shown = media()
    return shown && wanted() !== 'nothing' ? `${shown.generation.id}.${shown.index}` : ''
  })
  const isAllWanted = createMemo(() => wanted() === 'all')

  /** Reads a part of the lineage of the shown output, unless another one is shown before it has been read. */
  function readPart(
    part: keyof Lineage,
    read: (shown: MediaItem, signal: AbortSignal) => Promise<readonly LineageStep[]>,
  ) {
    const [shown, reader] = [media(), new AbortController()]
    setLineage(before => ({ ...before, [part]: [] }))
    onCleanup(() => reader.abort())
    if (shownId() === '' || !shown) return
    const show = (steps: readonly LineageStep[]) =>
      reader.signal.aborted || setLineage(before => ({ ...before, [part]: steps }))
    void read(shown, reader.signal).then(show, () => undefined)
  }

  if (!source) return lineage
  createEffect(
    on(shownId, () => readPart('ancestors', ({ generation }, signal) => source.ancestors(generation, signal))),
  )
  createEffect(
    on([shownId, isAllWanted], () =>
      readPart('children', async ({ generation, index }, signal) =>
        isAllWanted() ? await source.children(generation, index, signal) : [],
      ),
    ),
  )
  return lineage
}

import { type Accessor, createMemo, createSignal } from 'solid-js'
import type { MediaItem } from '../gallery.ts'

/** Two outputs beside one another, or one over the other with a line between them. */
export type CompareMode = 'slider' | 'side'

export interface ComparisonOptions {
  /** The output that is shown. */
  media: Accessor<MediaItem | undefined>
  /** The outputs that can be compared: those of the generation, and those that it came out of. */
  candidates: Accessor<readonly MediaItem[]>
}

export type Comparison = ReturnType<typeof createComparison>

/** Share of the image at the left of the line when a comparison begins. */
const START_SPLIT = 0.5

/** Creates the comparison of two outputs, A and B. It is off until it is started. */
export function createComparison({ media, candidates }: ComparisonOptions) {
  const [ids, setIds] = createSignal<{ a: string; b: string } | null>(null)
  const [mode, setMode] = createSignal<CompareMode>('slider')
  const [split, setSplit] = createSignal(START_SPLIT)
  const find = (id: string) => candidates().find(item => mediaId(item) === id)
  /** The compared outputs; null while nothing is compared, or if one of them is gone. */
  const pair = createMemo(() => {
    const chosen = ids()
    const [a, b] = chosen ? [find(chosen.a), find(chosen.b)] : []
    return a && b ? { a, b } : null
  })
  const partner = () => {
    const shown = media()
    return shown && choosePartner(candidates(), shown)
  }

  function start() {
    const [a, b] = [media(), partner()]
    if (!a || !b) return
    setSplit(START_SPLIT)
    setIds({ a: mediaId(a), b: mediaId(b) })
  }

  /** Sets one side. The other side's output is exchanged with it. */
  function choose(side: 'a' | 'b', item: MediaItem) {
    setIds(before => before && chooseSide(before, side, mediaId(item)))
  }

  /** Shows the next or previous output that can be compared as B. */
  function turn(step: 1 | -1) {
    const shown = pair()
    if (!shown) return
    const others = candidates().filter(item => mediaId(item) !== mediaId(shown.a))
    const index = others.findIndex(item => mediaId(item) === mediaId(shown.b))
    const next = others[(index + step + others.length) % others.length]
    if (next) choose('b', next)
  }

  return {
    ...{ pair, mode, setMode, split, start, choose, turn },
    canStart: () => partner() !== undefined,
    setSplit: (share: number) => setSplit(Math.min(1, Math.max(0, share))),
    stop: () => setIds(null),
  }
}

/** Returns a text that names an output: that of its generation and its number. */
export function mediaId({ generation, index }: Pick<MediaItem, 'generation' | 'index'>): string {
  return `${generation.id}.${index}`
}

/** Returns the output to compare one with: the next of its generation, else the one before, else the one that it came out of. */
export function choosePartner(candidates: readonly MediaItem[], shown: MediaItem): MediaItem | undefined {
  const siblings = candidates.filter(item => item.generation.id === shown.generation.id && item.index !== shown.index)
  const after = siblings.find(({ index }) => index > shown.index)
  return after ?? siblings.at(-1) ?? candidates.find(item => item.generation.id !== shown.generation.id)
}

function chooseSide(before: { a: string; b: string }, side: 'a' | 'b', id: string) {
  const other = side === 'a' ? 'b' : 'a'
  return before[other] === id ? { a: before.b, b: before.a } : { ...before, [side]: id }
}

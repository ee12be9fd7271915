import type { Timeline } from '@darkroom/contracts/timeline'
import { createMemo, createSignal, For, onCleanup, onMount, Show } from 'solid-js'
import type { Studio } from '../../studio.ts'
import type { FeedView } from '../view/feed-view.ts'
import { computeMarks, computeStops, findStop, indexOfDay, startOfDay, toLocalDay } from './timeline-scale.ts'

interface ScrubberProps {
  studio: Studio
  view: FeedView
  timeline: Timeline
}

/** Every day that has pictures, at the edge of the page: shows where the reader is, and goes anywhere. */
export function Scrubber(props: ScrubberProps) {
  const [height, setHeight] = createSignal(0)
  const [aimedIndex, setAimedIndex] = createSignal<number>()
  const stops = createMemo(() => computeStops(props.timeline))
  const marks = createMemo(() => computeMarks(stops(), height()))
  const readingDay = createMemo(() => getReadingDay(props.view))
  const at = createMemo(() => aimedIndex() ?? indexOfDay(stops(), readingDay()))
  const stop = () => stops()[at()]
  let track: HTMLDivElement | undefined

  const shareOf = (event: PointerEvent) => {
    const box = track?.getBoundingClientRect()
    return box ? Math.min(Math.max((event.clientY - box.top) / box.height, 0), 1) : 0
  }
  const aimAt = (event: PointerEvent) => {
    const found = findStop(stops(), shareOf(event))
    setAimedIndex(found && stops().indexOf(found))
  }
  const go = (index: number) => {
    const isLast = index >= stops().length - 1
    const day = stops()[index]?.day
    if (day !== undefined) props.studio.goTo(isLast ? 'newest' : { at: startOfDay(day) })
  }
  const onPointerUp = () => {
    const index = aimedIndex()
    if (index !== undefined) go(index)
    setAimedIndex(undefined)
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const to = KEY_MOVES[event.key]?.(at(), stops().length - 1)
    if (to === undefined) return
    event.preventDefault()
    go(Math.min(Math.max(to, 0), stops().length - 1))
  }

  onMount(() => {
    const observer = new ResizeObserver(([entry]) => setHeight(entry?.contentRect.height ?? 0))
    if (track) observer.observe(track)
    onCleanup(() => observer.disconnect())
  })

  return (
    <div
      ref={track}
      class="scrubber"
      role="slider"
      tabIndex={0}
      aria-label="Jump to date"
      aria-orientation="vertical"
      aria-valuemin={0}
      aria-valuemax={stops().length - 1}
      aria-valuenow={at()}
      aria-valuetext={formatDay(stop()?.day ?? '')}
      data-aiming={aimedIndex() !== undefined}
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId)
        aimAt(event)
      }}
      onPointerMove={event => aimedIndex() !== undefined && aimAt(event)}
      onPointerUp={onPointerUp}
      onPointerCancel={() => setAimedIndex(undefined)}
      onKeyDown={onKeyDown}
    >
      <For each={marks()}>
        {mark => (
          <span class="scrubber-mark" data-tick={mark.label === null} style={{ top: `${mark.share * 100}%` }}>
            {mark.label}
          </span>
        )}
      </For>
      <Show when={stop()}>
        {shown => (
          <span class="scrubber-here" style={{ transform: `translateY(${shown().share * height()}px)` }}>
            {aimedIndex() === undefined ? formatShortDay(shown().day) : formatDay(shown().day)}
          </span>
        )}
      </Show>
    </div>
  )
}

/** How keys move along the days: the newest is at the bottom. */
const KEY_MOVES: Record<string, (at: number, last: number) => number> = {
  ArrowUp: at => at - 1,
  ArrowDown: at => at + 1,
  ArrowLeft: at => at - 1,
  ArrowRight: at => at + 1,
  PageUp: at => at - 30,
  PageDown: at => at + 30,
  Home: () => 0,
  End: (_, last) => last,
}

function getReadingDay(view: FeedView): string {
  const { rows, indexOf } = view.frame()
  const row = rows[indexOf.get(view.readingKey() ?? '') ?? rows.length - 1]
  return row ? toLocalDay(row.generation.createdAt) : ''
}

/** `22 November 2026`, in the person's language. */
function formatDay(day: string): string {
  if (day === '') return ''
  return new Date(`${day}T12:00`).toLocaleDateString([], { day: 'numeric', month: 'long', year: 'numeric' })
}

function formatShortDay(day: string): string {
  return new Date(`${day}T12:00`).toLocaleDateString([], { day: 'numeric', month: 'short' })
}

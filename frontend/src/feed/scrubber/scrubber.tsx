import type { Timeline } from '@darkroom/contracts/history/timeline'
import { type Accessor, createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show } from 'solid-js'
import type { FeedLocation, LocationRead } from '../../store/feed-location.ts'
import type { FeedLayout } from '../feed-layout.ts'
import { createAimedRead } from './aimed-read.ts'
import { indexAfterKey } from './key-moves.ts'
import { createPointerAim } from './pointer-aim.ts'
import { computeLabels, computeTicks, formatLabel, type ScaleLabel, type ScaleTick } from './scale-marks.ts'
import { computeStops, type DayStop, findStop, indexOfDay, startOfDay, toLocalDay } from './timeline-scale.ts'

interface ScrubberProps {
  timeline: Timeline
  feedLayout: Accessor<FeedLayout>
  /** Key of the row being read. */
  anchorKey: Accessor<string | undefined>
  readLocation: (location: FeedLocation) => LocationRead
  goTo: (location: FeedLocation, read?: LocationRead) => void
}

/**
 * Every day that has images, at the edge of the page: shows the day being read, and moves the feed to any other. It is of use from two days on.
 */
export function Scrubber(props: ScrubberProps) {
  const [height, setHeight] = createSignal(0)
  const stops = createMemo(() => computeStops(props.timeline))
  const labels = createMemo(() => computeLabels(stops(), height()))
  const ticks = createMemo(() => computeTicks(stops(), labels(), height()))
  const isScrolling = createScrolling()
  const readingDay = createMemo(() => getReadingDay(props.feedLayout(), props.anchorKey()))
  const { aimedIndex, handlers } = createPointerAim({ indexAt, onRelease: go })
  const aimedRead = createAimedRead({ read: location => props.readLocation(location) })
  const index = createMemo(() => aimedIndex() ?? indexOfDay(stops(), readingDay()))
  const last = () => stops().length - 1
  const format = createDayFormats()
  let track: HTMLDivElement | undefined

  function indexAt(share: number): number | undefined {
    const found = findStop(stops(), share)
    return found && stops().indexOf(found)
  }

  function locationOf(to: number): FeedLocation | undefined {
    const day = stops()[to]?.day
    if (day === undefined) return undefined
    return to >= last() ? 'newest' : { at: startOfDay(day) }
  }

  function go(to: number) {
    const location = locationOf(to)
    if (location) props.goTo(location, aimedRead.take(location))
  }

  function onKeyDown(event: KeyboardEvent) {
    const to = indexAfterKey(event.key, index(), last())
    if (to === undefined) return
    event.preventDefault()
    go(to)
  }

  createEffect(
    on(aimedIndex, aimed => aimedRead.aim(aimed === undefined ? undefined : locationOf(aimed)), { defer: true }),
  )
  onCleanup(() => aimedRead.aim(undefined))
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
      aria-valuemax={last()}
      aria-valuenow={index()}
      aria-valuetext={format.long(stops()[index()]?.day ?? '')}
      data-aiming={aimedIndex() !== undefined}
      data-scrolling={isScrolling()}
      onPointerDown={handlers.onPointerDown}
      onPointerMove={handlers.onPointerMove}
      onPointerUp={handlers.onPointerUp}
      onPointerCancel={handlers.onPointerCancel}
      onKeyDown={onKeyDown}
    >
      <Ticks ticks={ticks()} />
      <Labels labels={labels()} />
      <CurrentDay
        stop={stops()[index()]}
        trackHeight={height()}
        format={aimedIndex() === undefined ? format.short : format.long}
      />
    </div>
  )
}

function Ticks(props: { ticks: readonly ScaleTick[] }) {
  return (
    <For each={props.ticks}>
      {({ share, length }) => (
        <span class="scrubber-tick" style={{ top: `${share * 100}%`, width: `${length}px` }} aria-hidden="true" />
      )}
    </For>
  )
}

function Labels(props: { labels: readonly ScaleLabel[] }) {
  return (
    <For each={props.labels}>
      {label => (
        <span class="scrubber-label" data-unit={label.unit} style={{ top: `${label.share * 100}%` }} aria-hidden="true">
          {formatLabel(label)}
        </span>
      )}
    </For>
  )
}

function CurrentDay(props: { stop: DayStop | undefined; trackHeight: number; format: (day: string) => string }) {
  return (
    <Show when={props.stop}>
      {stop => (
        <span class="scrubber-here" style={{ transform: `translateY(${stop().share * props.trackHeight}px)` }}>
          {props.format(stop().day)}
        </span>
      )}
    </Show>
  )
}

function getReadingDay({ rows, indexOf }: FeedLayout, anchorKey = ''): string {
  const row = rows[indexOf.get(anchorKey) ?? rows.length - 1]
  return row ? toLocalDay(row.generation.createdAt) : ''
}

/**
 * Creates the formats of a day in the user's language: `22 November 2026`, `22 Nov`. To create one takes a thousand times as long as to use
 * it, and the day changes many times a second in a fast scroll.
 */
function createDayFormats() {
  const create = (options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat([], options)
    return (day: string) => (day === '' ? '' : format.format(new Date(`${day}T12:00`)))
  }
  return {
    long: create({ day: 'numeric', month: 'long', year: 'numeric' }),
    short: create({ day: 'numeric', month: 'short' }),
  }
}

/** Time after the last scroll event until the page counts as still. */
const STILL_MS = 1_500

/** Creates the state of whether the page is being scrolled: on a narrow screen the handle is shown only then. */
function createScrolling(): Accessor<boolean> {
  const [isScrolling, setScrolling] = createSignal(false)
  let timer: ReturnType<typeof setTimeout> | undefined
  let hasInput = false
  const onInput = () => {
    hasInput = true
  }
  // The feed also scrolls by itself, when it opens at the newest row.
  const onScroll = () => {
    if (!hasInput) return
    clearTimeout(timer)
    timer = setTimeout(setScrolling, STILL_MS, false)
    setScrolling(true)
  }
  onMount(() => {
    const stop = new AbortController()
    const options = { passive: true, signal: stop.signal }
    document.addEventListener('scroll', onScroll, options)
    for (const name of ['wheel', 'touchmove', 'keydown']) document.addEventListener(name, onInput, options)
    onCleanup(() => {
      clearTimeout(timer)
      stop.abort()
    })
  })
  return isScrolling
}

import type { DayStop } from './timeline-scale.ts'

/** A label of the scale: the start of a year, of a month or of a day. */
export interface ScaleLabel {
  share: number
  /** The day that it stands for. */
  day: string
  unit: 'year' | 'month' | 'day'
}

/** A tick of the scale: a day, or several that would lie on one another. */
export interface ScaleTick {
  share: number
  /** Length in CSS pixels, by the number of generations. */
  length: number
}

/** Space that a label needs to the one before it, in CSS pixels. */
const MIN_YEAR_GAP = 28
const MIN_LABEL_GAP = 40
const MIN_TICK_GAP = 4
const LABEL_HALF_HEIGHT = 9
const TICK_LENGTHS = { min: 2, max: 22 }
/** Up to this number of months the days are labelled. */
const MAX_MONTHS_OF_DAYS = 2

/**
 * Computes the labels of the scale. Years are labelled only if there are several; then months, or days if there are no more than two
 * months, where there is space. They follow from the days alone: they do not move while the page is scrolled.
 *
 * @param height of the scale, in CSS pixels
 */
export function computeLabels(stops: readonly DayStop[], height: number): ScaleLabel[] {
  const years = startsOf(stops, 'year')
  const months = startsOf(stops, 'month')
  const labels = years.length > 1 ? addWithGap([], years, height, MIN_YEAR_GAP) : []
  const finer = months.length > MAX_MONTHS_OF_DAYS ? months : startsOf(stops, 'day')
  return addWithGap(labels, finer, height, MIN_LABEL_GAP).toSorted((a, b) => a.share - b.share)
}

/** Computes the ticks of the scale beside the labels: of days that lie on one another only the one with the most generations. */
export function computeTicks(stops: readonly DayStop[], labels: readonly ScaleLabel[], height: number): ScaleTick[] {
  const largest = Math.max(1, ...stops.map(({ count }) => count))
  const buckets = Map.groupBy(stops, ({ share }) => Math.floor((share * height) / MIN_TICK_GAP))
  const ticks = [...buckets].map(([bucket, days]) => ({
    share: height === 0 ? 0 : (bucket * MIN_TICK_GAP) / height,
    length: toLength(Math.max(...days.map(({ count }) => count)) / largest),
  }))
  return ticks.filter(tick => labels.every(({ share }) => Math.abs(share - tick.share) * height >= LABEL_HALF_HEIGHT))
}

/** Formats a label in the user's language: `2026`, `Nov`, `26 Nov`. */
export function formatLabel({ day, unit }: ScaleLabel): string {
  if (unit === 'year') return day.slice(0, 4)
  const options: Intl.DateTimeFormatOptions = unit === 'day' ? { day: 'numeric', month: 'short' } : { month: 'short' }
  return new Date(`${day}T12:00`).toLocaleDateString([], options)
}

const UNIT_CHARACTERS = { year: 4, month: 7, day: 10 }

function startsOf(stops: readonly DayStop[], unit: ScaleLabel['unit']): ScaleLabel[] {
  const nameOf = (stop: DayStop | undefined) => stop?.day.slice(0, UNIT_CHARACTERS[unit])
  return stops.flatMap((stop, index) =>
    nameOf(stop) === nameOf(stops[index - 1]) ? [] : [{ share: stop.share, day: stop.day, unit }],
  )
}

/** Adds labels in their order, each only if it has space between those that are there. */
function addWithGap(labels: ScaleLabel[], added: ScaleLabel[], height: number, gap: number): ScaleLabel[] {
  const all = [...labels]
  for (const label of added) {
    const isFree = all.every(({ share }) => Math.abs(share - label.share) * height >= gap)
    if (isFree) all.push(label)
  }
  return all
}

/** Returns the length of a tick. The root keeps a day of few visible beside one of thousands. */
function toLength(share: number): number {
  const { min, max } = TICK_LENGTHS
  return Math.round(min + (max - min) * Math.sqrt(share))
}

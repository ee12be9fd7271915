/** The scale of a plot's axis. Values are micro-units. */
export interface PlotScale {
  /** Value at the top of the plot. */
  top: number
  /** Values of the lines, lowest first. */
  ticks: number[]
  /** Digits after the point that the labels need. */
  digits: number
}

const MAX_INTERVALS = 3
const NICE_FACTORS = [1, 2, 5, 10]
const MICRO_DIGITS = 6
/** Days between two labels, and the least number of days between a label and that of today. */
const LABEL_STEP = 7
const LABEL_GAP = 5

/** Creates a scale from nothing to the largest value, with lines at 1, 2 or 5 times a power of ten; null if all are nothing. */
export function createPlotScale(values: readonly number[]): PlotScale | null {
  const top = Math.max(0, ...values)
  if (top === 0) return null
  const step = findStep(top / MAX_INTERVALS)
  const ticks = Array.from({ length: Math.floor(top / step) + 1 }, (_, index) => index * step)
  return { top, ticks, digits: Math.max(0, MICRO_DIGITS - Math.floor(Math.log10(step) + 1e-9)) }
}

/** Returns the smallest nice number that is not below the least step. */
function findStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)))
  return power * (NICE_FACTORS.find(factor => factor * power >= least) ?? 10)
}

/** Returns the indexes of the days that have a label: every seventh, but for those beside today. */
export function listLabels(days: readonly string[], today: string): number[] {
  const present = days.indexOf(today)
  const weekly = days.map((_, index) => index).filter(index => index % LABEL_STEP === 0)
  if (present < 0) return weekly
  return [...weekly.filter(index => Math.abs(index - present) >= LABEL_GAP), present]
}

/** Returns the day that a key selects: the arrows move by one, Page Up and Down by a week; undefined for another key. */
export function moveDay(key: string, index: number, count: number): number | undefined {
  const moves: Record<string, number> = {
    ArrowLeft: index - 1,
    ArrowDown: index - 1,
    ArrowRight: index + 1,
    ArrowUp: index + 1,
    PageDown: index - LABEL_STEP,
    PageUp: index + LABEL_STEP,
    Home: 0,
    End: count - 1,
  }
  const target = moves[key]
  return target === undefined ? undefined : Math.min(Math.max(target, 0), count - 1)
}

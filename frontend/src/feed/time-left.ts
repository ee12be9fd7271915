import { formatEstimate } from '../ui/format.ts'

/** A text about the time left, and when it is shown, in seconds from now. The first of them may have begun before. */
export interface TimeLeftText {
  label: string
  from: number
  until: number
}

/** Times left at which the text changes, in seconds. */
const STEPS = [600, 480, 360, 300, 240, 180, 150, 120, 90, 75, 60, 50, 40, 30, 25, 20, 15, 10, 5] as const
/** Share of the estimate after which a generation takes longer than usual. */
const OVERDUE_SHARE = 1.25
const FEW_SECONDS = 5

/** Returns the texts about the time left of an estimate, each in its turn, without those that are over. */
export function listTimeLeft(seconds: number, elapsed: number): TimeLeftText[] {
  const starts = [seconds, ...STEPS.filter(step => step < seconds)]
  const texts = starts.map((left, index) => ({
    label: left <= FEW_SECONDS ? 'a few seconds left' : `${formatEstimate(left)} left`,
    from: seconds - left - elapsed,
    until: seconds - (starts[index + 1] ?? 0) - elapsed,
  }))
  const end = { label: 'any moment now', from: seconds - elapsed, until: seconds * OVERDUE_SHARE - elapsed }
  return [...texts, end].filter(({ until }) => until > 0)
}

import type { Setting } from '@darkroom/contracts/model'
import { isSettingActive } from '@darkroom/contracts/model-fields'
import type { Scalar } from '@darkroom/contracts/parameters'

/** Settings that are shown together. */
export interface SettingGroup {
  /** Null for settings without a group, which come first. */
  title: string | null
  settings: (readonly [name: string, setting: Setting])[]
}

/** Number of steps up to which a slider can be set to each value. */
const MAX_SLIDER_STEPS = 1_000

/**
 * Returns the settings of a model that have an effect, in their order and their groups.
 *
 * @param values the chosen ones, and the defaults of the others
 */
export function groupSettings(
  settings: Readonly<Record<string, Setting>>,
  values: Readonly<Record<string, Scalar>>,
): SettingGroup[] {
  const active = Object.entries(settings).filter(([, setting]) => isSettingActive(setting, values))
  const ordered = active.toSorted(([, a], [, b]) => orderOf(a) - orderOf(b))
  const groups = Map.groupBy(ordered, ([, setting]) => setting['x-group'] ?? null)
  const ungrouped = groups.get(null)
  groups.delete(null)
  const titled = [...groups].map(([title, entries]) => ({ title, settings: entries }))
  return ungrouped ? [{ title: null, settings: ungrouped }, ...titled] : titled
}

/** Returns whether a setting is shown as a slider: a number with two ends, not too many steps, and a default to start from. */
export function isSlider({ type, minimum, maximum, default: standard, multipleOf }: Setting): boolean {
  if (minimum === undefined || maximum === undefined || typeof standard !== 'number') return false
  const step = multipleOf ?? (type === 'integer' ? 1 : 0)
  return step === 0 || (maximum - minimum) / step <= MAX_SLIDER_STEPS
}

/** Returns the number nearest to a typed one that a setting may have; undefined if nothing was typed. */
export function clampNumber({ type, minimum, maximum, multipleOf }: Setting, typed: number): number | undefined {
  if (!Number.isFinite(typed)) return undefined
  const [low, high] = [minimum ?? -Number.MAX_SAFE_INTEGER, maximum ?? Number.MAX_SAFE_INTEGER]
  const step = multipleOf ?? (type === 'integer' ? 1 : undefined)
  const clamped = Math.min(high, Math.max(low, typed))
  if (step === undefined) return clamped
  const rounded = Math.round(clamped / step)
  const inRange = rounded * step > high ? rounded - 1 : rounded * step < low ? rounded + 1 : rounded
  // 3 × 0.1 is 0.30000000000000004.
  return Number((inRange * step).toPrecision(12))
}

function orderOf(setting: Setting): number {
  return setting['x-order'] ?? Number.MAX_SAFE_INTEGER
}

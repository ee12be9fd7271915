import type { Setting } from '@darkroom/contracts/model'
import { isStorable } from '@darkroom/contracts/parameters'

const MAX_NAMES = 300
const MAX_NAME_CHARACTERS = 200

/** Returns the names of a server's list that can be shown and stored: each once, and a limited number of them. */
export function toNames(values: readonly unknown[]): string[] {
  const names = values.filter(
    (value): value is string =>
      typeof value === 'string' && value.trim() !== '' && value.length <= MAX_NAME_CHARACTERS && isStorable(value),
  )
  return [...new Set(names)].slice(0, MAX_NAMES)
}

/** Creates a setting that chooses one of the names of a server; none where there are no names. A default that it does not list is left out. */
export function createChoice(
  name: string,
  choices: readonly string[],
  { title, preset, ...rest }: { title: string; preset?: unknown } & Partial<Setting>,
): Record<string, Setting> {
  if (choices.length === 0) return {}
  const value = choices.find(choice => choice === preset)
  return {
    [name]: { type: 'string', title, enum: [...choices], ...rest, ...(value !== undefined && { default: value }) },
  }
}

/** Returns a number of a server, if it is one within the limits; undefined otherwise. */
export function toNumberWithin(value: unknown, minimum: number, maximum: number): number | undefined {
  return typeof value === 'number' && value >= minimum && value <= maximum ? value : undefined
}

/** Returns the settings in their order, as a page shows them. */
export function inOrder(settings: Record<string, Setting>): Record<string, Setting> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, setting], order) => [name, { ...setting, 'x-order': order }]),
  )
}

import { type Accessor, createEffect, createSignal } from 'solid-js'
import { readStorage, writeStorage } from './local-storage.ts'

/** One of a few that the person has chosen. */
export interface PersistedChoice<Name extends string> {
  selected: Accessor<Name>
  /** Takes the next one; after the last comes the first. */
  selectNext(): void
}

/**
 * A choice that this browser remembers.
 *
 * @param key under which it does
 * @param options the first is chosen until the person chooses, and is not remembered
 */
export function createPersistedChoice<const Name extends string>(
  key: string,
  options: readonly [Name, ...Name[]],
): PersistedChoice<Name> {
  const [defaultOption] = options
  const [selected, setSelected] = createSignal<Name>(options.find(name => name === readStorage(key)) ?? defaultOption)
  createEffect(() => writeStorage(key, selected() === defaultOption ? null : selected()))
  const nextOption = (name: Name) => options[options.indexOf(name) + 1] ?? defaultOption
  return { selected, selectNext: () => void setSelected(nextOption) }
}

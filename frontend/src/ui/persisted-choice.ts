import { type Accessor, createEffect, createSignal } from 'solid-js'
import { readStorage, writeStorage } from './local-storage.ts'

/** A choice among a few options. */
export interface PersistedChoice<Name extends string> {
  selected: Accessor<Name>
  select(name: Name): void
  /** Selects the next option, and after the last one the first. */
  selectNext(): void
}

/**
 * Creates a choice that is stored in this browser.
 *
 * @param key key in the local storage
 * @param options the first one is the default, which is not stored
 */
export function createPersistedChoice<const Name extends string>(
  key: string,
  options: readonly [Name, ...Name[]],
): PersistedChoice<Name> {
  const [defaultOption] = options
  const [selected, setSelected] = createSignal<Name>(options.find(name => name === readStorage(key)) ?? defaultOption)
  createEffect(() => writeStorage(key, selected() === defaultOption ? null : selected()))
  const nextOption = (name: Name) => options[options.indexOf(name) + 1] ?? defaultOption
  const select = (name: Name) => void setSelected(() => name)
  return { selected, select, selectNext: () => void setSelected(nextOption) }
}

import { type Accessor, createEffect, createSignal } from 'solid-js'
import { recall, remember } from './local-storage.ts'

/** One of a few that the person has chosen. */
export interface Choice<Name extends string> {
  chosen: Accessor<Name>
  /** Takes the next one; after the last comes the first. */
  next(): void
}

/**
 * A choice that this browser remembers.
 *
 * @param key under which it does
 * @param names the first is chosen until the person chooses, and is not remembered
 */
export function createChoice<const Name extends string>(key: string, names: readonly [Name, ...Name[]]): Choice<Name> {
  const [usual] = names
  const [chosen, setChosen] = createSignal<Name>(names.find(name => name === recall(key)) ?? usual)
  createEffect(() => remember(key, chosen() === usual ? null : chosen()))
  const after = (name: Name) => names[names.indexOf(name) + 1] ?? usual
  return { chosen, next: () => void setChosen(after) }
}

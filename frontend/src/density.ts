import { type Accessor, createEffect, createSignal } from 'solid-js'
import type { Density } from './layout.ts'
import { recall, remember } from './memory.ts'

const DENSITIES: readonly Density[] = ['large', 'medium', 'small']
const KEY = 'darkroom.density'

export interface DensityChoice {
  density: Accessor<Density>
  /** Takes the next one. */
  next(): void
}

/** How large the person wants the pictures of the feed, remembered in this browser. */
export function createDensity(): DensityChoice {
  const [density, setDensity] = createSignal<Density>(DENSITIES.find(name => name === recall(KEY)) ?? 'large')
  createEffect(() => remember(KEY, density() === 'large' ? null : density()))
  const next = () => void setDensity(now => DENSITIES[(DENSITIES.indexOf(now) + 1) % DENSITIES.length] ?? 'large')
  return { density, next }
}

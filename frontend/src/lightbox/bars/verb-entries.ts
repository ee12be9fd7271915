import type { MenuItem } from '../../ui/menu.tsx'
import type { BarProps } from './bar-props.ts'

/** The entries that are buttons of their own where a connected model has them: by the first words of their labels. */
const FREQUENT = [/^(change|edit) (a |only |this |the )?part/i, /^upscale/i]
const REFERENCE = /^(use )?(as )?(a )?reference/i

/** Divides the verbs of an output into its use as a reference and those that are used often, which are buttons, and the others. */
export function divideVerbs(verbs: readonly MenuItem[]): {
  reference: MenuItem | undefined
  frequent: MenuItem[]
  others: MenuItem[]
} {
  const reference = verbs.find(({ label }) => REFERENCE.test(label))
  const others = verbs.filter(({ label }) => !REFERENCE.test(label))
  const frequent = FREQUENT.flatMap(pattern => others.find(({ label }) => pattern.test(label)) ?? [])
  return { reference, frequent, others: others.filter(item => !frequent.includes(item)) }
}

/** Returns the use of the output as a reference: the verb, which names it as the parent, where there is one. */
export function referenceAction({ verbs, actions }: Pick<BarProps, 'verbs' | 'actions'>): () => void {
  return divideVerbs(verbs).reference?.run ?? actions.addAsReference
}

import type { Generation } from '@darkroom/contracts/generation'
import type { Output } from '@darkroom/contracts/output'
import type { MenuItem } from '../ui/menu.tsx'

/** Returns the entries of a generation's menu of models elsewhere: empty where it can go on where it is. */
export type ListElsewhere = (generation: Generation) => readonly MenuItem[]

/** Returns the entries of an output's menu: the verbs that a connected model can do with it. */
export type ListOutputVerbs = (generation: Generation, output: Output) => readonly MenuItem[]

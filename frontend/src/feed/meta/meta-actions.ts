import type { Generation } from '@darkroom/contracts/generation'
import type { ListElsewhere } from '../../verbs/output-menu.ts'
import type { FindParent } from '../../verbs/parent-info.ts'
import type { RunAction } from '../action-button.tsx'

/** The user's actions on a generation as a whole. */
export interface MetaActions {
  runAction: RunAction
  remove: (generation: Generation) => void
  reuse: (generation: Generation) => void
  copyPrompt: (generation: Generation) => void
  setFavourite: (generation: Generation, outputIndex: number, favourite: boolean) => void
  /** Makes a generation once more, with another seed. */
  again?: ((generation: Generation) => void) | undefined
  restoreOutput?: ((generation: Generation, outputIndex: number) => void) | undefined
  /** Returns the days after which what is in the trash is deleted permanently; undefined while they are not known. */
  trashDays?: (() => number | undefined) | undefined
  restoreFromTrash?: ((generation: Generation) => void) | undefined
  findParent?: FindParent | undefined
  listElsewhere?: ListElsewhere | undefined
}

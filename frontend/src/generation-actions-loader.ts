import type { createGenerationActions, GenerationActionsOptions } from './store/generation-actions.ts'
import { createLoadOnce } from './ui/load-once.ts'
import { createIdlePreload } from './ui/preload.ts'

type GenerationActions = ReturnType<typeof createGenerationActions>

const NOT_LOADED_MESSAGE = 'Not done: a part of this page could not be loaded. Try it again, or reload the page.'

/** Creates the user's actions on generations. Their code is loaded when the page is idle, or with the first action. */
export function createActionsLoader(options: GenerationActionsOptions): GenerationActions {
  const code = createLoadOnce(async () => {
    const { createGenerationActions: create } = await import('./store/generation-actions.ts')
    return create(options)
  })

  /** Runs an action: at once if its code is there, so that what it changes is shown before anything else happens. */
  async function run(act: (actions: GenerationActions) => Promise<void>) {
    const actions = code.current()
    if (actions) return await act(actions)
    await code.request().then(act, () => options.notify(NOT_LOADED_MESSAGE))
  }

  createIdlePreload([code])
  return {
    runAction: (...request) => run(actions => actions.runAction(...request)),
    setFavourite: (...request) => run(actions => actions.setFavourite(...request)),
    remove: generation => run(actions => actions.remove(generation)),
    restoreFromTrash: generation => run(actions => actions.restoreFromTrash(generation)),
    removeOutput: (...request) => run(actions => actions.removeOutput(...request)),
    restoreOutput: (...request) => run(actions => actions.restoreOutput(...request)),
    emptyTrash: () => run(actions => actions.emptyTrash()),
  }
}

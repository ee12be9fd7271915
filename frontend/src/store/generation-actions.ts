import type { Generation } from '@darkroom/contracts/generation'
import { type Api, describeProblem } from '../api.ts'
import type { NoticeAction } from '../ui/notices.ts'
import type { ActionName } from './available-actions.ts'
import type { GenerationStore } from './generation-store.ts'

export interface GenerationActionsOptions {
  api: Pick<Api, 'cancel' | 'reopen' | 'remove' | 'restore' | 'setFavourite'>
  store: Pick<GenerationStore, 'receive' | 'updateOptimistically' | 'removeOptimistically'>
  notify: (message: string, action?: NoticeAction) => void
}

const DONE_MESSAGES: Record<Exclude<ActionName, 'cancel'>, string> = {
  retry: 'Trying again.',
  check: 'Asking the provider again.',
  complete: 'Making what is missing.',
}

/** Creates the user's actions on generations: each is requested from the studio, and its answer is shown. */
export function createGenerationActions({ api, store, notify }: GenerationActionsOptions) {
  const inFlight = new Set<string>()

  /** Runs an action unless the same one is in flight. A refusal is shown in the studio's own words. */
  async function runOnce(key: string, action: () => Promise<void>) {
    if (inFlight.has(key)) return
    inFlight.add(key)
    try {
      await action()
    } catch (error) {
      notify(describeProblem(error))
    } finally {
      inFlight.delete(key)
    }
  }

  function runAction(action: ActionName, { id }: Generation) {
    return runOnce(`${action} ${id}`, async () => {
      if (action === 'cancel') return notify((await api.cancel(id)).note)
      store.receive(await api.reopen(id, action))
      notify(DONE_MESSAGES[action])
    })
  }

  /** Moves a generation to the trash. It leaves the feed at once, and comes back if the request fails. */
  function remove({ id, clientId }: Generation) {
    return runOnce(`remove ${id}`, async () => {
      await store.removeOptimistically(clientId, () => api.remove(id))
      notify('Deleted.', { label: 'Undo', run: () => void restore(id) })
    })
  }

  function restore(id: string) {
    return runOnce(`restore ${id}`, async () => {
      store.receive(await api.restore(id))
      notify('It is back.')
    })
  }

  /** Marks an output as a favourite, or removes the mark. It is shown at once. */
  function setFavourite({ id, clientId }: Generation, outputIndex: number, favourite: boolean) {
    const applyFavourite = (generation: Generation) => withFavourite(generation, outputIndex, favourite)
    return runOnce(`favour ${id} ${outputIndex}`, () =>
      store.updateOptimistically(clientId, applyFavourite, () => api.setFavourite(id, { outputIndex, favourite })),
    )
  }

  return { runAction, remove, setFavourite }
}

function withFavourite(generation: Generation, outputIndex: number, favourite: boolean): Generation {
  const outputs = generation.outputs.map(output => (output.index === outputIndex ? { ...output, favourite } : output))
  return { ...generation, outputs, favourite: outputs.some(output => output.favourite) }
}

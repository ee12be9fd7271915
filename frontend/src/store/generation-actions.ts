import type { Generation } from '@darkroom/contracts/generation'
import type { Api } from '../api.ts'
import { describeProblem, UnavailableError } from '../request-error.ts'
import type { NoticeAction } from '../ui/notices.ts'
import type { ActionName } from './available-actions.ts'
import type { GenerationStore } from './generation-store.ts'
import { repeatRequest } from './repeat-request.ts'

export interface GenerationActionsOptions {
  api: Pick<Api, 'cancel' | 'reopen' | 'remove' | 'restore' | 'setFavourite'>
  store: Pick<GenerationStore, 'receive' | 'updateOptimistically' | 'removeOptimistically'>
  notify: (message: string, action?: NoticeAction) => void
  /** Called when the studio could not take an action. */
  onUnavailable: () => void
  /** Runs a callback after a number of milliseconds. */
  setTimer?: (callback: () => void, ms: number) => void
}

const DONE_MESSAGES: Record<Exclude<ActionName, 'cancel'>, string> = {
  retry: 'Trying again.',
  check: 'Asking the provider again.',
  complete: 'Making what is missing.',
}

const NOT_DONE_MESSAGE = 'Not done: the studio cannot take it at the moment.'

/** Creates the user's actions on generations: each is requested from the studio, and its answer is shown. */
export function createGenerationActions(options: GenerationActionsOptions) {
  const { api, store, notify, onUnavailable, setTimer = setTimeout } = options
  const inFlight = new Set<string>()

  /**
   * Runs an action unless the same one is in flight. A refusal is shown in the studio's own words; an action that the studio
   * could not take is offered again.
   */
  async function runOnce(key: string, action: () => Promise<void>) {
    if (inFlight.has(key)) return
    inFlight.add(key)
    try {
      await action()
    } catch (error) {
      if (error instanceof UnavailableError) onUnavailable()
      const again = () => void runOnce(key, action)
      if (error instanceof UnavailableError) notify(NOT_DONE_MESSAGE, { label: 'Try again', run: again })
      else notify(describeProblem(error))
    } finally {
      inFlight.delete(key)
    }
  }

  /** Makes a request that may be made twice. */
  function repeat<T>(request: () => Promise<T>): Promise<T> {
    return repeatRequest(request, { setTimer })
  }

  function runAction(action: ActionName, { id }: Generation) {
    return runOnce(`${action} ${id}`, async () => {
      if (action === 'cancel') return notify((await repeat(() => api.cancel(id))).note)
      store.receive(await api.reopen(id, action))
      notify(DONE_MESSAGES[action])
    })
  }

  /** Moves a generation to the trash. It leaves the feed at once, and comes back if the request fails. */
  function remove({ id, clientId }: Generation) {
    return runOnce(`remove ${id}`, async () => {
      await store.removeOptimistically(clientId, () => repeat(() => api.remove(id)))
      notify('Deleted.', { label: 'Undo', run: () => void restore(id) })
    })
  }

  function restore(id: string) {
    return runOnce(`restore ${id}`, async () => {
      store.receive(await repeat(() => api.restore(id)))
      notify('It is back.')
    })
  }

  /** Marks an output as a favourite, or removes the mark. It is shown at once. */
  function setFavourite({ id, clientId }: Generation, outputIndex: number, favourite: boolean) {
    const applyFavourite = (generation: Generation) => withFavourite(generation, outputIndex, favourite)
    const request = () => repeat(() => api.setFavourite(id, { outputIndex, favourite }))
    return runOnce(`favour ${id} ${outputIndex}`, () => store.updateOptimistically(clientId, applyFavourite, request))
  }

  return { runAction, remove, setFavourite }
}

function withFavourite(generation: Generation, outputIndex: number, favourite: boolean): Generation {
  const outputs = generation.outputs.map(output => (output.index === outputIndex ? { ...output, favourite } : output))
  return { ...generation, outputs, favourite: outputs.some(output => output.favourite) }
}

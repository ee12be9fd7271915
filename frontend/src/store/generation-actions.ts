import type { Generation } from '@darkroom/contracts/generation'
import type { Api } from '../api.ts'
import { type ActionRunnerOptions, createActionRunner } from './action-runner.ts'
import type { ActionName } from './available-actions.ts'
import type { GenerationStore } from './generation-store.ts'
import { createRemovalActions, type RemovalActionsOptions } from './removal-actions.ts'

export interface GenerationActionsOptions extends ActionRunnerOptions {
  api: Pick<Api, 'cancel' | 'reopen' | 'setFavourite'> & RemovalActionsOptions['api']
  runRevertible: RemovalActionsOptions['runRevertible']
  store: Pick<GenerationStore, 'receive' | 'updateOptimistically'> & RemovalActionsOptions['store']
}

const DONE_MESSAGES: Record<Exclude<ActionName, 'cancel'>, string> = {
  retry: 'Trying again.',
  check: 'Asking the provider again.',
  complete: 'Making what is missing.',
}

/** Creates the user's actions on generations: each is requested from the studio, and its answer is shown. */
export function createGenerationActions(options: GenerationActionsOptions) {
  const { api, store, notify } = options
  const runner = createActionRunner(options)
  const { runOnce, repeat } = runner

  function runAction(action: ActionName, { id }: Generation) {
    return runOnce(`${action} ${id}`, async () => {
      if (action === 'cancel') return notify((await repeat(() => api.cancel(id))).note)
      store.receive(await api.reopen(id, action))
      notify(DONE_MESSAGES[action])
    })
  }

  /** Marks an output as a favourite, or removes the mark. It is shown at once. */
  function setFavourite({ id, clientId }: Generation, outputIndex: number, favourite: boolean) {
    const applyFavourite = (generation: Generation) => withFavourite(generation, outputIndex, favourite)
    const request = () => repeat(() => api.setFavourite(id, { outputIndex, favourite }))
    return runOnce(`favour ${id} ${outputIndex}`, () => store.updateOptimistically(clientId, applyFavourite, request))
  }

  return { runAction, setFavourite, ...createRemovalActions({ ...options, runner }) }
}

/** Returns a generation as it is once one of its outputs is a favourite, or is not any more. */
export function withFavourite(generation: Generation, outputIndex: number, favourite: boolean): Generation {
  const outputs = generation.outputs.map(output => (output.index === outputIndex ? { ...output, favourite } : output))
  return { ...generation, outputs, favourite: outputs.some(output => output.favourite) }
}

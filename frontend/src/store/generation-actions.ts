import type { Generation } from '@darkroom/contracts/generation'
import { type Api, describeProblem } from '../api.ts'
import type { Undo } from '../ui/notices.ts'
import type { Library } from './generation-store.ts'
import type { Verb } from './verbs.ts'

export interface ActingOptions {
  api: Api
  library: Library
  notify: (words: string, undo?: Undo) => void
}

const DONE: Record<Exclude<Verb, 'cancel'>, string> = {
  retry: 'Trying again.',
  check: 'Asking the provider again.',
  complete: 'Making what is missing.',
}

/** What a person does to generations that are there: the studio does it, and what it answers is shown. */
export function createActing({ api, library, notify }: ActingOptions) {
  const underWay = new Set<string>()

  /** Does the same thing once at a time; what the studio refuses is said in its words. */
  async function once(what: string, work: () => Promise<void>) {
    if (underWay.has(what)) return
    underWay.add(what)
    try {
      await work()
    } catch (error) {
      notify(describeProblem(error))
    } finally {
      underWay.delete(what)
    }
  }

  function act(verb: Verb, { id }: Generation) {
    return once(`${verb} ${id}`, async () => {
      if (verb === 'cancel') return notify((await api.cancel(id)).note)
      library.receive(await api.reopen(id, verb))
      notify(DONE[verb])
    })
  }

  /** Puts a generation into the trash; it leaves the feed at once, and comes back if the studio does not do it. */
  function remove({ id, clientId }: Generation) {
    return once(`remove ${id}`, async () => {
      await library.removing(clientId, () => api.remove(id))
      notify('Deleted.', { label: 'Undo', run: () => void restore(id) })
    })
  }

  function restore(id: string) {
    return once(`restore ${id}`, async () => {
      library.receive(await api.restore(id))
      notify('It is back.')
    })
  }

  /** Marks a picture as a favourite, or takes the mark away. It is shown at once. */
  function favour({ id, clientId }: Generation, outputIndex: number, favourite: boolean) {
    const marked = (generation: Generation) => withFavourite(generation, outputIndex, favourite)
    return once(`favour ${id} ${outputIndex}`, () =>
      library.changing(clientId, marked, () => api.favour(id, { outputIndex, favourite })),
    )
  }

  return { act, remove, favour }
}

function withFavourite(generation: Generation, outputIndex: number, favourite: boolean): Generation {
  const outputs = generation.outputs.map(output => (output.index === outputIndex ? { ...output, favourite } : output))
  return { ...generation, outputs, favourite: outputs.some(output => output.favourite) }
}

import type { Generation } from '@darkroom/contracts/generation'
import type { Reference } from '@darkroom/contracts/reference'
import type { Draft } from './client.ts'

/** A submission as its client knows of it. */
export interface Asked {
  clientId: string
  draft: Draft
  tries: number
  /** What the first answer of 2xx said. */
  promised: Generation | undefined
  /** Every id that an answer of 2xx named: more than one is one too many. */
  ids: Set<string>
  /** How often it may have been asked for: the submission, and what was asked again. */
  rounds: number
  /** What the answer said if it was a no. */
  refusal: string | undefined
}

/** What a client has asked for and was promised, to hold the studio to. */
export interface ClientLog {
  readonly asked: Map<string, Asked>
  readonly references: (Reference & { sha256: string })[]
  /** Answers that nobody should ever get. */
  readonly oddities: string[]
  ask(draft: Draft): Asked
  promise(asked: Asked, generation: Generation): void
  mayAskAgain(id: string): void
  /** Those for which there was an answer of 2xx. */
  promised(): (Asked & { promised: Generation })[]
}

export function createClientLog(): ClientLog {
  const asked = new Map<string, Asked>()
  const promised = () => [...asked.values()].filter(isPromised)
  return {
    asked,
    references: [],
    oddities: [],
    promised,
    ask: draft => {
      const clientId = crypto.randomUUID()
      const entry = {
        clientId,
        draft,
        tries: 0,
        promised: undefined,
        ids: new Set<string>(),
        rounds: 1,
        refusal: undefined,
      }
      asked.set(clientId, entry)
      return entry
    },
    promise: (entry, generation) => {
      entry.promised ??= generation
      entry.ids.add(generation.id)
    },
    mayAskAgain: id => {
      for (const entry of promised()) if (entry.promised.id === id) entry.rounds++
    },
  }
}

function isPromised(entry: Asked): entry is Asked & { promised: Generation } {
  return entry.promised !== undefined
}
